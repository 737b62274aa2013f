"""The cohort numbers as of a day, in plain Python: each learner's story is told, then put into its row."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.metrics.oracle import Happening, Rows, Wire, by, counting, earliest, first_deliveries, of


@dataclass(frozen=True)
class Asked:
    """As of when, and by which windows."""

    zone: ZoneInfo
    as_of_day: date
    quiet_days: int = 7
    window_days: int = 90
    windows: Mapping[str, int] | None = None
    refund_days: int = 30
    required: Mapping[str, Sequence[int]] | None = None

    @property
    def as_of(self) -> datetime:
        return datetime.combine(self.as_of_day + timedelta(days=1), time(), self.zone).astimezone(UTC)

    def window(self, course: str) -> timedelta:
        return timedelta(hours=24 * (self.windows or {}).get(course, self.window_days))


def known(wire: Sequence[Wire], asked: Asked) -> list[Happening]:
    return [event for event in counting(first_deliveries(wire, asked.zone)) if event.day <= asked.as_of_day]


def tally(
    stories: Sequence[tuple[tuple[Any, ...], dict[str, int]]], names: Sequence[str], asked: Asked
) -> Rows:
    """One row per key: the sums of what the stories with this key count."""
    sums: dict[tuple[Any, ...], dict[str, int]] = {}
    for key, counts in stories:
        row = sums.setdefault(key, dict.fromkeys(counts, 0))
        for name, count in counts.items():
            row[name] += count
    return [{**dict(zip(names, key, strict=True)), **row, "as_of": asked.as_of} for key, row in sums.items()]


def lesson_cohort(wire: Sequence[Wire], asked: Asked) -> Rows:
    stories = []
    for (course, learner), events in by(known(wire, asked), "course", "learner"):
        in_lessons = [event for event in events if event.lesson is not None]
        if learner is None or not in_lessons:
            continue
        cohort_day = min(event.day for event in in_lessons)
        furthest = max(event.lesson for event in in_lessons if event.lesson is not None)
        is_done = bool(of(events, "complete"))
        is_quiet = all(event.at < asked.as_of - timedelta(hours=24 * asked.quiet_days) for event in events)
        for lesson in {event.lesson for event in in_lessons}:
            is_end = lesson == furthest
            done_here = [event for event in of(in_lessons, "lesson_completed") if event.lesson == lesson]
            counts = {
                "viewers": 1,
                "completers": int(bool(done_here)),
                "stopped": int(is_end and not is_done and is_quiet),
                "active": int(is_end and not is_done and not is_quiet),
                "finished": int(is_end and is_done),
            }
            stories.append(((course, lesson, cohort_day), counts))
    return tally(stories, ("course_id", "lesson_idx", "cohort_day"), asked)


def quiz_cohort(wire: Sequence[Wire], asked: Asked) -> Rows:
    quizzes: dict[tuple[Any, ...], list[Happening]] = defaultdict(list)
    for event in known(wire, asked):
        if event.kind in ("quiz_attempted", "quiz_passed"):
            quizzes[event.course, event.quiz, event.lesson if event.quiz is None else None].append(event)
    stories = []
    for (course, quiz, _), events in quizzes.items():
        lesson = min((event.lesson for event in events if event.lesson is not None), default=None)
        for (learner,), tries in by(events, "learner"):
            if learner is None:
                continue
            counts = {
                "attempters": 1,
                "first_attempt_passers": int(passed_first(tries)),
                "best_attempt_passers": int(bool(of(tries, "quiz_passed"))),
                "attempts": len(of(tries, "quiz_attempted")),
            }
            stories.append(((course, quiz, lesson, min(event.day for event in tries)), counts))
    return tally(stories, ("course_id", "quiz_id", "lesson_idx", "cohort_day"), asked)


def passed_first(tries: Sequence[Happening]) -> bool:
    """Go through one learner's tries in order: a pass counts until there is a second attempt."""
    if any(event.kind == "quiz_passed" and event.about.get("attempt") == 1 for event in tries):
        return True
    attempts = 0
    for event in sorted(tries, key=lambda event: (event.at, event.kind == "quiz_passed", event.id)):
        attempts += event.kind == "quiz_attempted"
        if attempts == 2:
            return False
        if event.kind == "quiz_passed":
            return True
    return False


def course_funnel(wire: Sequence[Wire], asked: Asked) -> Rows:
    rows = []
    events = known(wire, asked)
    for funnel, tell in (("discovery", discovery), ("completion", completion), ("purchase", purchase)):
        stories = []
        for (course, learner), own in by(events, "course", "learner"):
            if learner is None:
                continue
            in_course = [event for event in events if event.course == course]
            story = tell(own, in_course, asked)
            if story is not None:
                stories.append(((course, funnel, story[0]), story[1]))
        rows += tally(stories, ("course_id", "funnel", "cohort_day"), asked)
    every = {
        "step_3": None,
        "mature_completed_required": None,
        "refunded": None,
        "mature_step_3": None,
        "already_enrolled": None,
        "completed_required": None,
        "progress_sum": None,
        "required_lessons": None,
    }
    for row in rows:
        row["window_days"] = (asked.windows or {}).get(row["course_id"], asked.window_days)
        # One division, as a person would do it, after whole lessons were counted.
        lessons = row.pop("required_lessons_done", None)
        if lessons is not None:
            row["required_lessons"] = len((asked.required or {})[row["course_id"]])
            row["progress_sum"] = lessons / row["required_lessons"]
    return [{**every, **row} for row in rows]


def story_of(
    entry: Happening, asked: Asked, reached: Sequence[bool], more: Mapping[str, int]
) -> tuple[date, dict[str, int]]:
    """What one entrant adds; `reached` says of each step after the first whether it was reached."""
    is_mature = asked.as_of >= entry.at + asked.window(str(entry.course))
    counts = {
        "entered": 1,
        "converted": int(reached[-1]),
        "open": int(not reached[-1] and not is_mature),
        "dropped": int(not reached[-1] and is_mature),
        "mature": int(is_mature),
    }
    for number, step in enumerate(reached, start=2):
        counts[f"step_{number}"] = int(step)
        counts[f"mature_step_{number}"] = int(step and is_mature)
    return entry.day, {**counts, **more}


def first_of(events: Sequence[Happening], kind: str) -> Happening | None:
    return min(of(events, kind), key=lambda event: (event.at, event.id), default=None)


def after(events: Sequence[Happening], kind: str, start: datetime, end: datetime) -> datetime | None:
    return earliest([event for event in of(events, kind) if start <= event.at < end])


def discovery(
    own: Sequence[Happening], _: Sequence[Happening], asked: Asked
) -> tuple[date, dict[str, int]] | None:
    entry = first_of(own, "course_view")
    if entry is None:
        return None
    if any(event.at < entry.at for event in of(own, "enroll")):
        names = ("entered", "converted", "open", "dropped", "mature")
        steps = ("step_2", "step_3", "mature_step_2", "mature_step_3")
        return entry.day, {**dict.fromkeys((*names, *steps), 0), "already_enrolled": 1}
    end = entry.at + asked.window(str(entry.course))
    enrolled = after(own, "enroll", entry.at, end)
    completed = None if enrolled is None else after(own, "complete", enrolled, end)
    return story_of(entry, asked, [enrolled is not None, completed is not None], {"already_enrolled": 0})


def completion(
    own: Sequence[Happening], _: Sequence[Happening], asked: Asked
) -> tuple[date, dict[str, int]] | None:
    entry = first_of(own, "enroll")
    if entry is None:
        return None
    end = entry.at + asked.window(str(entry.course))
    completed = after(own, "complete", entry.at, end)
    return story_of(entry, asked, [completed is not None], by_content(own, end, entry, asked))


def by_content(own: Sequence[Happening], end: datetime, entry: Happening, asked: Asked) -> dict[str, int]:
    """Whether all required lessons were completed in time, and how many; nothing where none is required."""
    required = set((asked.required or {}).get(str(entry.course), ()))
    if not required:
        return {}
    done = {event.lesson for event in of(own, "lesson_completed") if event.at < end} & required
    is_mature = asked.as_of >= end
    return {
        "completed_required": int(done == required),
        "mature_completed_required": int(done == required and is_mature),
        "required_lessons_done": len(done),
    }


def purchase(
    own: Sequence[Happening], in_course: Sequence[Happening], asked: Asked
) -> tuple[date, dict[str, int]] | None:
    entry = first_of(own, "purchase")
    if entry is None:
        return None
    end = entry.at + asked.window(str(entry.course))
    enrolled = any(event.at < end for event in of(own, "enroll"))
    completed = enrolled and any(event.at < end for event in of(own, "complete"))
    named = entry.about.get("orderId")
    order = entry.id if named is None else str(named)
    refunds = {
        str(event.about["orderId"])
        for event in of(in_course, "refund")
        if event.about.get("orderId") is not None
    }
    return story_of(entry, asked, [enrolled, completed], {"refunded": int(order in refunds)})


REFUND_COUNTS = (
    "orders", "refunded_orders", "mature_orders", "mature_refunded_orders", "gross", "refunded", "net",
    "unknown_refunds", "approximate",
)  # fmt: skip


def no_orders() -> dict[str, Any]:
    return {name: Decimal(0) if name in ("gross", "refunded", "net") else 0 for name in REFUND_COUNTS}


def course_refund(wire: Sequence[Wire], asked: Asked) -> Rows:
    """Each order's story, from its first purchase to its refunds."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for (course,), events in by(known(wire, asked), "course"):
        orders: dict[str, list[Happening]] = defaultdict(list)
        for bought in sorted(of(events, "purchase"), key=lambda event: (event.at, event.id)):
            orders[bought.id if bought.about.get("orderId") is None else str(bought.about["orderId"])].append(
                bought
            )
        for order, (first, *_) in orders.items():
            counts = refund_story(order, first, events, asked)
            key = (course, first.about.get("currency"), first.day, counts.pop("last_lesson_idx"))
            row = rows.setdefault(key, no_orders())
            for name, value in counts.items():
                row[name] += value
        for refund in of(events, "refund"):
            if str(refund.about.get("orderId")) not in orders or refund.about.get("orderId") is None:
                key = (course, refund.about.get("currency"), refund.day, None)
                row = rows.setdefault(key, no_orders())
                row["unknown_refunds"] += 1
    names = ("course_id", "currency", "cohort_day", "last_lesson_idx")
    return [
        {
            **dict(zip(names, key, strict=True)),
            **row,
            "approximate": bool(row["approximate"]),
            "as_of": asked.as_of,
        }
        for key, row in rows.items()
    ]


def refund_story(order: str, first: Happening, events: Sequence[Happening], asked: Asked) -> dict[str, Any]:
    refunds = [event for event in of(events, "refund") if str(event.about.get("orderId")) == order]
    gross = money(first.about.get("amount")) or Decimal(0)
    end = first.at + timedelta(hours=24 * asked.refund_days)
    is_mature = asked.as_of >= end
    own = [event for event in events if event.learner == first.learner and first.learner is not None]
    is_approximate = not of(events, "refund")
    is_refunded = bool(refunds)
    if is_approximate:
        is_refunded = is_mature and bool(own) and not any(event.at < end for event in of(own, "enroll"))
    paid_in = first.about.get("currency")
    back = Decimal(0)
    for refund in refunds:
        if refund.about.get("currency") in (None, paid_in):
            amount = money(refund.about.get("amount"))
            back += gross if amount is None else amount
    came = earliest(refunds)
    before = [event.lesson for event in own if came and event.at < came and event.lesson is not None]
    return {
        "last_lesson_idx": max(before, default=None),
        "orders": 1,
        "refunded_orders": int(is_refunded),
        "mature_orders": int(is_mature),
        "mature_refunded_orders": int(is_refunded and is_mature),
        "gross": gross,
        "refunded": min(gross, back),
        "net": gross - min(gross, back),
        "approximate": int(is_approximate),
    }


def money(amount: Any) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))
