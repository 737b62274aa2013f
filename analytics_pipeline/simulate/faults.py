"""Faults that can be planted in a course, and mended again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from analytics_pipeline.simulate.calendar import Calendar
from analytics_pipeline.simulate.catalogue import LESSONS, QUIZ_EVERY, is_paid


class FaultKind(StrEnum):
    """What can be wrong with a course."""

    LOSING_LESSON = "losing_lesson"
    UNFAIR_QUIZ = "unfair_quiz"
    REFUNDS = "refunds"
    BROKEN_EMITTER = "broken_emitter"


DEFAULT_LESSON = {
    FaultKind.LOSING_LESSON: 4,
    FaultKind.UNFAIR_QUIZ: QUIZ_EVERY - 1,
    FaultKind.REFUNDS: 2,
    FaultKind.BROKEN_EMITTER: 2,
}
LEAVE_CHANCE = 0.4
UNFAIR_PASS_CHANCE = 0.25
REFUND_CHANCE = 0.35
BREAKS_AT_HOUR = 14


class WrongFaultError(ValueError):
    """A fault that cannot be planted; the message is one sentence that says why."""


@dataclass(frozen=True)
class Fault:
    """A fault of one course, by the course's number from 0.

    | Kind | From day `begins` to the start of day `mended` (numbers from 0; None: to the end) |
    |---|---|
    | losing_lesson | the lesson drives away four in ten of those who reach it |
    | unfair_quiz | one in four passes the quiz of the lesson at the first attempt |
    | refunds | a third of the buyers take their money back after the lesson |
    | broken_emitter | no event of the lesson arrives, from 14:00 on the first day |
    """

    kind: FaultKind
    course: int
    lesson: int
    begins: int = 0
    mended: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.lesson < LESSONS:
            raise WrongFaultError(f"{self.kind} needs a lesson from 0 to {LESSONS - 1}, not {self.lesson}.")
        if self.kind is FaultKind.UNFAIR_QUIZ and self.lesson % QUIZ_EVERY != QUIZ_EVERY - 1:
            raise WrongFaultError(
                f"Lesson {self.lesson} has no quiz; every {QUIZ_EVERY}th has, from {QUIZ_EVERY - 1}."
            )
        if self.kind is FaultKind.REFUNDS and not is_paid(self.course):
            raise WrongFaultError(f"Course {self.course} is free; courses with an even number are paid for.")

    def acts_on(self, day: int) -> bool:
        """Whether the fault is there on day `day`."""
        return self.begins <= day and (self.mended is None or day < self.mended)


def parse_fault(text: str) -> Fault:
    """A fault written `KIND:COURSE[:BEGINS[:MENDED]]`, such as `unfair_quiz:2` or `refunds:0:30:45`."""
    kind, *numbers = text.split(":")
    if kind not in list(FaultKind) or not 1 <= len(numbers) <= 3 or not all(n.isdecimal() for n in numbers):
        raise WrongFaultError(
            f"{text!r} is no fault; write KIND:COURSE[:BEGINS[:MENDED]] with one of {', '.join(FaultKind)}"
            " and numbers from 0."
        )
    fault_kind = FaultKind(kind)
    course, *days = map(int, numbers)
    begins = days[0] if days else 0
    mended = days[1] if len(days) > 1 else None
    return Fault(fault_kind, course, DEFAULT_LESSON[fault_kind], begins, mended)


def one_of_each(emitter_breaks: int = 40) -> tuple[Fault, ...]:
    """Every kind of fault, in the courses 0 to 3: from the start, but the emitter from that day on."""
    return tuple(
        Fault(kind, course, lesson, emitter_breaks if kind is FaultKind.BROKEN_EMITTER else 0)
        for course, (kind, lesson) in enumerate(DEFAULT_LESSON.items())
    )


class CourseFaults:
    """The faults of one course, asked at the moments where they matter."""

    def __init__(self, faults: Iterable[Fault], course: int, calendar: Calendar) -> None:
        self._faults = [fault for fault in faults if fault.course == course]
        self._calendar = calendar

    def acts(self, kind: FaultKind, lesson: int, at: datetime) -> bool:
        """Whether the lesson has the fault at the instant `at`."""
        return bool(self._faults) and any(
            fault.kind is kind and fault.lesson == lesson and fault.acts_on(self._calendar.number(at))
            for fault in self._faults
        )

    def is_silent(self, lesson: int | None, at: datetime) -> bool:
        """Whether an event of the lesson at `at` is lost by its emitter."""
        return any(
            fault.kind is FaultKind.BROKEN_EMITTER
            and fault.lesson == lesson
            and fault.acts_on(self._calendar.number(at))
            and at >= self._calendar.instant(fault.begins, BREAKS_AT_HOUR)
            for fault in self._faults
        )
