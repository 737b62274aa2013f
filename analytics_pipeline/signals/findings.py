"""Every rule over the cohort tables of one as-of day, under the thresholds that the settings give."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analytics_pipeline.settings import Settings
from analytics_pipeline.signals.life import Finding, Subject
from analytics_pipeline.signals.rules import (
    FINDING,
    SUBJECT,
    Limit,
    high_drop_off_lesson,
    high_refund_rate,
    low_course_completion,
    low_quiz_pass_rate,
)


def find(tables: Mapping[str, pd.DataFrame], settings: Settings) -> list[Finding]:
    """What the rules say of these tables, by subject; `tables` has the cohort tables by name."""

    def limit(threshold: float) -> Limit:
        return Limit(threshold, settings.signal_hysteresis, settings.signal_min_learners)

    judged = (
        high_drop_off_lesson(tables["lesson_cohort"], limit(settings.signal_drop_off)),
        low_quiz_pass_rate(tables["quiz_cohort"], limit(settings.signal_quiz_pass_rate)),
        low_course_completion(tables["course_funnel"], limit(settings.signal_course_completion)),
        high_refund_rate(tables["course_refund"], limit(settings.signal_refund_rate)),
    )
    return [finding for frame in judged for finding in findings_of(frame)]


def findings_of(frame: pd.DataFrame) -> Iterator[Finding]:
    """The rows of a rule's frame as plain values; evidence is counts, interval and what the rule adds."""
    added = [name for name in frame.columns if name not in FINDING]
    for row in frame.to_dict("records"):
        plain = {str(name): _plain(value) for name, value in row.items()}
        yield Finding(
            subject=Subject(*(plain[name] for name in SUBJECT)),
            fires=plain["fires"],
            holds=plain["holds"],
            severity=plain["severity"],
            value=plain["value"],
            threshold=plain["threshold"],
            evidence={name: plain[name] for name in ("numerator", "denominator", "low", "high", *added)},
        )


def _plain(value: Any) -> Any:
    """A Python value where pandas gives one of NumPy's, None where it gives its own idea of nothing."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
