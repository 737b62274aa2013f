"""One learner's way through one course, as steps in the order of time."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from analytics_pipeline.events import EventType
from analytics_pipeline.simulate.catalogue import Course, Lesson, Quiz
from analytics_pipeline.simulate.dice import Dice
from analytics_pipeline.simulate.faults import (
    LEAVE_CHANCE,
    REFUND_CHANCE,
    UNFAIR_PASS_CHANCE,
    CourseFaults,
    FaultKind,
)
from analytics_pipeline.simulate.habits import Habits, Schedule

REPORT_SECONDS = 120.0
ATTEMPTS = 3


class Step(NamedTuple):
    """An event before it has an id: what happened when, in which lesson."""

    at: datetime
    event_type: EventType
    lesson_idx: int | None = None
    metadata: Mapping[str, object] | None = None


@dataclass
class Journey:
    """A learner in a course; `order_id` names the purchase, should there be one."""

    course: Course
    faults: CourseFaults
    habits: Habits
    schedule: Schedule
    dice: Dice
    order_id: str

    def steps(self) -> Iterator[Step]:
        """Look at the course, perhaps take it, and learn to its end or until it is enough."""
        yield Step(self.schedule.now, EventType.COURSE_VIEW)
        if self.dice.chance(0.35):
            yield Step(self.schedule.next_sitting(), EventType.COURSE_VIEW)
        if self.dice.chance(0.25):
            return
        if self.course.price is not None:
            yield Step(self._later(40, 240), EventType.PURCHASE, None, self._order("1.00"))
        yield Step(self._later(1, 20), EventType.ENROLL)
        yield from self._learn()

    def _learn(self) -> Iterator[Step]:
        patience_after_refund: int | None = None
        for lesson in self.course.lessons:
            stays = yield from self._lesson(lesson)
            if patience_after_refund is None and self._wants_refund(lesson, stays=stays):
                yield Step(self._later(600, 7200), EventType.REFUND, None, self._refund())
                # Who has the money back looks at a lesson or two more, while the access lasts.
                patience_after_refund = self.dice.pick((0, 1, 2))
            elif patience_after_refund is not None:
                patience_after_refund -= 1
            if not stays or patience_after_refund == 0:
                return
        yield Step(self._later(1, 3), EventType.COMPLETE)

    def _lesson(self, lesson: Lesson) -> Generator[Step, None, bool]:
        """Go through a lesson; returns whether the learner goes on after it."""
        yield Step(self.schedule.sit_down(), EventType.LESSON_VIEWED, lesson.idx)
        seconds = 60 * lesson.minutes * self.habits.pace * self.dice.between(0.7, 1.3)
        leaves = self._leaves_at(lesson)
        yield from self._read(lesson, seconds * self.dice.between(0.1, 0.9) if leaves else seconds)
        if leaves:
            return False
        yield Step(self._later(2, 15), EventType.LESSON_COMPLETED, lesson.idx)
        if lesson.quiz is not None:
            yield from self._take_quiz(lesson, lesson.quiz)
        if self.dice.chance(0.2):
            yield Step(self.schedule.sit_down(), EventType.LESSON_VIEWED, lesson.idx)
            yield from self._read(lesson, seconds * self.dice.between(0.05, 0.3))
        return True

    def _read(self, lesson: Lesson, seconds: float) -> Iterator[Step]:
        """Let the reading time pass, in several sittings where one is too short."""
        while seconds > 0:
            part = min(REPORT_SECONDS, seconds)
            seconds -= part
            now = self.schedule.spend(part)
            if self.habits.reports_time:
                active_ms = int(1000 * part * self.dice.between(0.75, 1.0))
                yield Step(now, EventType.LESSON_TIME, lesson.idx, {"activeMs": active_ms})
            if seconds > 0 and self.schedule.sitting_is_over:
                yield Step(self.schedule.next_sitting(), EventType.LESSON_VIEWED, lesson.idx)

    def _take_quiz(self, lesson: Lesson, quiz: Quiz) -> Iterator[Step]:
        """Try until it is passed or until it is enough; the course goes on either way."""
        for attempt in range(1, ATTEMPTS + 1):
            at = self._later(150, 500)
            passes = self.dice.chance(self._pass_chance(lesson, quiz, at) + 0.05 * (attempt - 1))
            score = int(self.dice.between(60, 101) if passes else self.dice.between(15, 60))
            metadata = {"quizId": quiz.id, "score": score, "attempt": attempt}
            yield Step(at, EventType.QUIZ_ATTEMPTED, lesson.idx, metadata)
            if passes:
                yield Step(at + timedelta(milliseconds=200), EventType.QUIZ_PASSED, lesson.idx, metadata)
                self.schedule.spend(1)
                return
            if attempt < ATTEMPTS:
                yield Step(self._later(5, 60), EventType.LESSON_VIEWED, lesson.idx)
                yield from self._read(lesson, self.dice.between(60, 400))

    def _leaves_at(self, lesson: Lesson) -> bool:
        loses = self.faults.acts(FaultKind.LOSING_LESSON, lesson.idx, self.schedule.now)
        driven_away = loses and self.dice.chance(LEAVE_CHANCE)
        return driven_away or self.dice.chance(lesson.leave_chance / self.habits.patience)

    def _pass_chance(self, lesson: Lesson, quiz: Quiz, at: datetime) -> float:
        unfair = self.faults.acts(FaultKind.UNFAIR_QUIZ, lesson.idx, at)
        return (UNFAIR_PASS_CHANCE if unfair else quiz.pass_chance) * self.habits.ability

    def _wants_refund(self, lesson: Lesson, *, stays: bool) -> bool:
        if self.course.price is None:
            return False
        if self.faults.acts(FaultKind.REFUNDS, lesson.idx, self.schedule.now):
            return self.dice.chance(REFUND_CHANCE)
        return not stays and self.dice.chance(0.06)

    def _refund(self) -> Mapping[str, object]:
        """Mostly the whole price; sometimes half of it, as a settlement."""
        return self._order("0.50" if self.dice.chance(0.15) else "1.00")

    def _order(self, share: str) -> Mapping[str, object]:
        assert self.course.price is not None  # noqa: S101  # asked of paid courses only
        amount = (self.course.price * Decimal(share)).quantize(Decimal("0.01"))
        return {"orderId": self.order_id, "amount": str(amount), "currency": self.course.currency}

    def _later(self, low: float, high: float) -> datetime:
        return self.schedule.spend(self.dice.between(low, high))
