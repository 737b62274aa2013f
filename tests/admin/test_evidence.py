"""The evidence of a signal is told completely, each number in its unit."""

from datetime import date
from typing import Any

from analytics_pipeline.admin.dashboard.evidence import evidence_lines
from analytics_pipeline.admin.reading.signals import SignalLine


def lines(**evidence: Any) -> list[tuple[str, str]]:
    """The lines of a signal with that evidence, between what is found and the run, which each has."""
    signal = SignalLine(
        rule="high_drop_off_lesson",
        course_id="algebra",
        course_title=None,
        lesson_idx=2,
        lesson_title=None,
        quiz_id=None,
        opened_at=date(2026, 3, 20),
        last_seen_at=date(2026, 3, 31),
        resolved_at=None,
        severity="warning",
        value=0.404,
        threshold=0.25,
        evidence=evidence,
        summary="",
        run_id="0f3c9d52-run",
    )
    found, limit, *rest, run = evidence_lines(signal)
    assert (found, limit, run) == (("Found", "40 %"), ("Limit", "25 %"), ("Run", "0f3c9d52"))
    return rest


def test_a_rate_is_told_with_its_counts_and_its_interval() -> None:
    told = lines(numerator=1404, denominator=3474, low=0.0312, high=0.5)
    assert told == [("Counts", "1\u202f404 of 3\u202f474"), ("95 % interval", "3.1 % to 50 %")]


def test_what_else_the_rule_has_noted_is_told_by_its_name_and_nothing_is_told_of_what_is_null() -> None:
    told = lines(
        cohorts_from="2026-03-01",
        learners_since=12_345,
        after_lesson_idx=None,
        is_certain=True,
        share_before=0.055,
        visits_a_day=12.34,
        lessons=[1, 2, 3000],
    )
    assert told == [
        ("Cohorts from", "2026-03-01"),
        ("Learners since", "12\u202f345"),
        ("Is certain", "yes"),
        ("Share before", "5.5 %"),
        ("Visits a day", "12.3"),
        ("Lessons", "1, 2, 3\u202f000"),
    ]


def test_a_count_without_an_interval_stands_alone() -> None:
    assert lines(numerator=3, denominator=50, low=None, high=None) == [("Counts", "3 of 50")]
