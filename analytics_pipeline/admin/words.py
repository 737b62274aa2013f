"""Numbers and findings in words, for people."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from analytics_pipeline.admin.answers.dropoff import BiggestDrop
from analytics_pipeline.admin.answers.rates import Rate

NONE = "\N{EN DASH}"

RULE_TITLES = {
    "high_drop_off_lesson": "High drop-off",
    "low_quiz_pass_rate": "Low quiz pass rate",
    "low_course_completion": "Low course completion",
    "high_refund_rate": "High refund rate",
    "silent_emitter": "Lesson went silent",
}


def percent(share: float | None) -> str:
    """A share as a percentage: one decimal below 10 %, none above; a dash for none."""
    if share is None:
        return NONE
    value = share * 100
    return f"{value:.1f} %" if 0 < value < 9.95 else f"{value:.0f} %"


def interval(rate: Rate) -> str:
    """The 95 % interval of a rate; empty where it has none."""
    return "" if rate.low is None or rate.high is None else f"{percent(rate.low)} to {percent(rate.high)}"


def number(value: int | None) -> str:
    """A count with thin spaces between thousands; a dash for none."""
    return NONE if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def day(value: date | None) -> str:
    """A day as `5 Nov 2026`."""
    return NONE if value is None else f"{value.day} {value:%b %Y}"


def instant(value: datetime | None, zone: ZoneInfo) -> str:
    """An instant as `5 Nov 2026, 14:30`, on the clocks of the site."""
    return NONE if value is None else f"{day(value.astimezone(zone))}, {value.astimezone(zone):%H:%M}"


def money(value: Decimal | None) -> str:
    """An amount with thin spaces between thousands and two decimals; a dash for none."""
    return NONE if value is None else f"{value:,.2f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def days(count: int) -> str:
    """So many days."""
    return f"{number(count)} day" if count == 1 else f"{number(count)} days"


def weeks(count: int) -> str:
    """So many whole weeks."""
    return f"{number(count)} whole week" if count == 1 else f"{number(count)} whole weeks"


def span_of_days(partition: str) -> str:
    """Days as runs name them, `2026-03-01` or `2026-03-01 to 2026-03-31`, as people write them."""
    try:
        ends = [date.fromisoformat(end) for end in partition.split(" to ")]
    except ValueError:
        return partition
    return " \N{EN DASH} ".join(day(end) for end in ends)


def duration(milliseconds: int | None) -> str:
    """A duration as `45 s`, `12 min` or `1 h 5 min`."""
    if milliseconds is None:
        return NONE
    seconds = round(milliseconds / 1000)
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def biggest_drop_sentences(drop: BiggestDrop) -> tuple[str, str]:
    """The biggest drop, and whether it is certain."""
    rate = drop.drop
    counts = f"{number(rate.numerator)} of {number(rate.denominator)} learners ({percent(rate.value)})"
    finding = f"{counts} who came to lesson {drop.lesson_idx} went no further."
    if drop.certainty == "certain":
        sure = (
            f"This is certain: even the low end of its 95 % interval ({interval(rate)}) lies above "
            "the intervals of all other lessons."
        )
    elif drop.certainty == "uncertain":
        sure = (
            f"This is not certain yet: its 95 % interval is {interval(rate)}, and lesson {drop.rival_idx} "
            "may lose as many. More learners will tell."
        )
    else:
        sure = f"Its 95 % interval is {interval(rate)}; there is no other lesson to compare it with."
    return finding, sure


def signal_sentence(signal: Mapping[str, Any]) -> str:
    """A signal's finding as a sentence; `signal` has the columns of the table."""
    evidence = signal["evidence"]
    value, threshold = percent(signal["value"]), percent(signal["threshold"])
    lesson = f"lesson {signal['lesson_idx']}" if signal["lesson_idx"] is not None else "a lesson"
    quiz = f"the quiz “{signal['quiz_id']}”" if signal["quiz_id"] is not None else f"the quiz of {lesson}"
    counts = (
        f"({number(evidence['numerator'])} of {number(evidence['denominator'])}; "
        f"95 % interval {percent(evidence['low'])} to {percent(evidence['high'])})"
    )
    sentences = {
        "high_drop_off_lesson": f"{value} of learners stop at {lesson} {counts}; the limit is {threshold}.",
        "low_quiz_pass_rate": (
            f"{value} of learners pass {quiz} at the first attempt {counts}; at least {threshold} should."
        ),
        "low_course_completion": (
            f"{value} of enrolled learners complete the course in time {counts}; at least {threshold} should."
        ),
        "high_refund_rate": (
            f"{value} of orders older than the refund window were refunded {counts}; "
            f"the limit is {threshold}."
        ),
    }
    rule = RULE_TITLES.get(signal["rule"], signal["rule"])
    return sentences.get(signal["rule"], f"{rule}: {value} {counts}; the limit is {threshold}.")
