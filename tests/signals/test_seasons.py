"""Months of nights over the simulated platform: what is planted is found, once, and nothing else is."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from analytics_pipeline.console import say
from analytics_pipeline.days import DayRange
from analytics_pipeline.demo import story
from analytics_pipeline.demo.command import FUNNEL_WINDOW_DAYS
from analytics_pipeline.engine import Engine
from analytics_pipeline.settings import Settings
from analytics_pipeline.signals.life import Subject
from analytics_pipeline.simulate import Fault, FaultKind, one_of_each, simulate
from analytics_pipeline.simulate.catalogue import course_id
from tests.signals.seasons import UTC_ZONE, Life, signals_of

FIRST = date(2024, 4, 1)
HEALTHY_COURSE = course_id(4)


def signal_of(fault: Fault) -> Subject:
    """The signal that a planted fault is to raise, and the only one."""
    rule, lesson_idx, quiz_id = {
        FaultKind.LOSING_LESSON: ("high_drop_off_lesson", fault.lesson, None),
        FaultKind.UNFAIR_QUIZ: ("low_quiz_pass_rate", None, "quiz-1"),
        FaultKind.REFUNDS: ("high_refund_rate", None, None),
        FaultKind.BROKEN_EMITTER: ("silent_emitter", fault.lesson, None),
    }[fault.kind]
    return Subject(rule, course_id(fault.course), lesson_idx, quiz_id)


def subjects(lives: Iterable[Life]) -> list[Subject]:
    return sorted((life.finding.subject for life in lives), key=str)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def test_sixty_nights_of_the_demo_raise_each_planted_fault_once_and_nothing_else(engine: Engine) -> None:
    last = day(story.DAYS - 1)
    events = story._between(FIRST, last, story._whole_play(FIRST, UTC_ZONE), UTC_ZONE)
    settings = Settings(funnel_window_days=FUNNEL_WINDOW_DAYS)
    signals = signals_of(engine, events, DayRange(FIRST, last), settings)
    assert subjects(signals.lives) == sorted(map(signal_of, one_of_each()), key=str)
    assert all(life.resolved is None for life in signals.lives)
    (silence,) = (life for life in signals.lives if life.finding.subject.rule == "silent_emitter")
    breaks = day(40)
    since = (
        silence.finding.evidence["silent_since_day"],
        silence.finding.evidence["silent_since_hour"],
    )
    # The last view came within the day before the break at 14:00, and no later.
    assert (str(breaks - timedelta(days=1)), 14) <= since <= (str(breaks), 14)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_faults_are_raised_once_within_sixty_nights_and_resolve_when_they_are_mended(
    engine: Engine, seed: int
) -> None:
    days, begins, mended = 180, 10, 70
    faults = [
        Fault(kind, course, lesson, begins, mended)
        for course, (kind, lesson) in enumerate(
            {
                FaultKind.LOSING_LESSON: 4,
                FaultKind.UNFAIR_QUIZ: 3,
                FaultKind.REFUNDS: 2,
                FaultKind.BROKEN_EMITTER: 2,
            }.items()
        )
    ]
    events = simulate(5, 4000, days, seed, day(days - 1), UTC_ZONE, faults)
    signals = signals_of(engine, events, DayRange(FIRST, day(days - 1)), Settings())
    say("\n".join(map(str, signals.lives)))
    assert subjects(signals.lives) == sorted(map(signal_of, faults), key=str)
    for life in signals.lives:
        assert day(begins) <= life.opened < day(begins + 60)
        assert life.resolved is not None
        assert life.resolved >= day(mended)


@pytest.mark.soak
def test_healthy_courses_raise_at_most_one_false_signal_in_a_hundred_course_months(engine: Engine) -> None:
    batches, courses, days = 5, 40, 150
    raised = []
    for seed in range(batches):
        events = simulate(courses, 4000, days, 100 + seed, day(days - 1), UTC_ZONE)
        raised += signals_of(engine, events, DayRange(FIRST, day(days - 1)), Settings()).lives
    course_months = batches * courses * days / 30
    say(f"{len(raised)} false signals in {course_months:.0f} course-months of {batches * courses} courses.")
    say("\n".join(map(str, raised)))
    assert len(raised) <= course_months / 100
