"""Every rule over the published tables as of one day, under the thresholds that the settings give."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import date, timedelta
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
from analytics_pipeline.signals.silence import SilenceLimit, silent_emitter
from analytics_pipeline.signals.window import Window

Tables = Mapping[str, pd.DataFrame]
"""`lesson_daily` and the cohort tables, by name."""


def find(tables: Tables, settings: Settings, as_of: date) -> list[Finding]:
    """What the rules say of these tables as of a day; each course is judged by its own thresholds."""
    apart: dict[Hashable, list[str]] = {}
    for course_id in sorted(settings.signal_overrides.keys() | settings.funnel_windows.keys()):
        own = settings.signal_overrides.get(course_id), settings.funnel_windows.get(course_id)
        apart.setdefault(own, []).append(course_id)
    if not apart:
        return _find(tables, settings, as_of)
    named = [course_id for alike in apart.values() for course_id in alike]
    found = _find(
        {name: rows[~rows["course_id"].isin(named)] for name, rows in tables.items()}, settings, as_of
    )
    for alike in apart.values():
        theirs = {name: rows[rows["course_id"].isin(alike)] for name, rows in tables.items()}
        found += _find(theirs, settings.for_course(alike[0]), as_of)
    return found


def _find(tables: Tables, settings: Settings, as_of: date) -> list[Finding]:
    def limit(threshold: float) -> Limit:
        return Limit(threshold, settings.signal_hysteresis, settings.signal_min_learners)

    def mature(days: int) -> Window:
        last = as_of - timedelta(days=days)
        return Window(last, settings.signal_window_days, settings.signal_window_learners)

    silence = SilenceLimit(
        settings.signal_silence_chance, settings.signal_min_learners, settings.signal_window_days
    )
    judged = (
        high_drop_off_lesson(
            tables["lesson_cohort"], limit(settings.signal_drop_off), mature(settings.quiet_days)
        ),
        low_quiz_pass_rate(tables["quiz_cohort"], limit(settings.signal_quiz_pass_rate), mature(0)),
        low_course_completion(
            tables["course_funnel"],
            limit(settings.signal_course_completion),
            mature(settings.funnel_window_days),
        ),
        high_refund_rate(
            tables["course_refund"], limit(settings.signal_refund_rate), mature(settings.refund_window_days)
        ),
        silent_emitter(tables["lesson_daily"], silence, as_of),
    )
    return [finding for frame in judged for finding in findings_of(frame)]


def findings_of(frame: pd.DataFrame) -> Iterator[Finding]:
    """The rows of a rule's frame as plain values; evidence is counts, interval and what the rule adds."""
    # As a list: an index makes Python's own strings anew for each row that asks for its names.
    names = frame.columns.tolist()
    evidence = ["numerator", "denominator", "low", "high", *(name for name in names if name not in FINDING)]
    for row in zip(*(_plain(frame[name]) for name in names), strict=True):
        plain = dict(zip(names, row, strict=True))
        yield Finding(
            subject=Subject(*(plain[name] for name in SUBJECT)),
            fires=plain["fires"],
            holds=plain["holds"],
            severity=plain["severity"],
            value=plain["value"],
            threshold=plain["threshold"],
            evidence={name: plain[name] for name in evidence},
        )


def _plain(column: "pd.Series[Any]") -> list[Any]:
    """Python's own values, None where there is none."""
    gone = column.isna().to_numpy()
    return [None if is_gone else value for value, is_gone in zip(column.tolist(), gone, strict=True)]
