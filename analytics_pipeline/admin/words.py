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

_ENTERED = {
    "high_drop_off_lesson": "who started",
    "low_quiz_pass_rate": "who first tried it",
    "low_course_completion": "who enrolled",
    "high_refund_rate": "bought",
}
_LEAST_CHANCE = 1e-12


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


def counted(name: str, count: int) -> str:
    """What there are `count` of, by its plural `name` with underscores."""
    words = name.replace("_", " ")
    return words.removesuffix("s") if count == 1 else words


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


def biggest_drop_sentences(drop: BiggestDrop, title: str | None = None) -> tuple[str, str]:
    """The biggest drop, in a lesson of that title, and whether it is certain."""
    rate = drop.drop
    counts = f"{number(rate.numerator)} of {number(rate.denominator)} learners ({percent(rate.value)})"
    finding = f"{counts} who came to {lesson_name(drop.lesson_idx, title)} went no further."
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


def lesson_name(lesson_idx: int | None, title: str | None) -> str:
    """A lesson within a sentence, by its number and, where it has one, its title."""
    if lesson_idx is None:
        return "a lesson"
    return f"lesson {lesson_idx}" if title is None else f"lesson {lesson_idx} (“{title}”)"


def signal_sentence(signal: Mapping[str, Any]) -> str:
    """A signal's finding as a sentence; `signal` has the table's columns, and `lesson_title`."""
    if signal["rule"] == "silent_emitter":
        return _silence_sentence(signal)
    value, threshold = percent(signal["value"]), percent(signal["threshold"])
    lesson = lesson_name(signal["lesson_idx"], signal.get("lesson_title"))
    quiz = f"the quiz “{signal['quiz_id']}”" if signal["quiz_id"] is not None else f"the quiz of {lesson}"
    counts = _signal_counts(signal)
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


def _signal_counts(signal: Mapping[str, Any]) -> str:
    """What the rate of a signal rests on: counts, the days on which these learners entered, interval."""
    evidence = signal["evidence"]
    entered = ""
    if "cohorts_from" in evidence:
        first, last = (day(date.fromisoformat(evidence[name])) for name in ("cohorts_from", "cohorts_to"))
        entered = f" {_ENTERED.get(signal['rule'], 'entered')} {first} to {last}"
    return (
        f"({number(evidence['numerator'])} of {number(evidence['denominator'])}{entered}; "
        f"95 % interval {percent(evidence['low'])} to {percent(evidence['high'])})"
    )


def _silence_sentence(signal: Mapping[str, Any]) -> str:
    """Since when a lesson is silent, and what its neighbours had meanwhile; visits are learner-days."""
    evidence = signal["evidence"]
    sides = [side for side in ("before", "after") if evidence[f"{side}_lesson_idx"] is not None]

    def visits(name: str) -> str:
        return " and ".join(number(round(evidence[f"{side}_{name}"])) for side in sides)

    neighbours = " and ".join(f"lesson {round(evidence[f'{side}_lesson_idx'])}" for side in sides)
    since = f"{day(date.fromisoformat(evidence['silent_since_day']))}, {evidence['silent_since_hour']}:00"
    odds = number(round(1 / max(signal["value"], _LEAST_CHANCE)))
    return (
        f"Nobody has viewed lesson {signal['lesson_idx']} since {since}, while {neighbours} had "
        f"{visits('learners_since')} visits (a learner counts once a day); in the time before in which each "
        f"had as many, it had {visits('own_learners_earlier')}. "
        f"Chance leaves such a silence less than once in {odds}."
    )
