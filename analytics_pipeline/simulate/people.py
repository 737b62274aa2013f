"""Who comes to the platform: learners, visitors without a name, and staff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analytics_pipeline.events import EventType
from analytics_pipeline.simulate.calendar import Calendar
from analytics_pipeline.simulate.catalogue import Course
from analytics_pipeline.simulate.dice import Dice
from analytics_pipeline.simulate.faults import CourseFaults
from analytics_pipeline.simulate.habits import Schedule, draw_habits
from analytics_pipeline.simulate.journey import Journey, Step


@dataclass(frozen=True)
class Stage:
    """Where everything happens: the courses, what is wrong with each, and the days."""

    seed: int
    courses: Sequence[Course]
    faults: Sequence[CourseFaults]
    calendar: Calendar


@dataclass(frozen=True)
class Traveller:
    """Somebody in a course; `name` is unique in the play, `user_id` is None where the platform knows none."""

    name: str
    user_id: str | None
    course: int
    steps: Iterator[Step]


def travellers(stage: Stage, learners: int) -> Iterator[Traveller]:
    """Everybody: a learner once for each course, half as many visitors, and staff for each course."""
    for learner in range(learners):
        user_id = f"learner-{stage.seed}-{learner + 1:04d}"
        for place, course in enumerate(_chosen_courses(stage, learner)):
            steps = _learner_steps(stage, learner, course, place)
            yield Traveller(f"{user_id}/{course}", user_id, course, steps)
    for visitor in range(learners // 2):
        course = visitor % len(stage.courses)
        yield Traveller(f"visitor/{visitor}", None, course, _visitor_steps(stage, visitor))
    for course in range(len(stage.courses)):
        user_id = f"staff-{stage.seed}-{course + 1}"
        yield Traveller(user_id, user_id, course, _staff_steps(stage, course))


def _chosen_courses(stage: Stage, learner: int) -> list[int]:
    """The numbers of the courses that the learner looks at, in order."""
    dice = Dice(stage.seed, "choice", learner)
    left = list(range(len(stage.courses)))
    wanted = dice.pick((1, 2, 3, 4), (30, 35, 20, 15))
    chosen: list[int] = []
    while left and len(chosen) < wanted:
        chosen.append(dice.pick(left, [stage.courses[number].appeal for number in left]))
        left.remove(chosen[-1])
    return chosen


def _learner_steps(stage: Stage, learner: int, course: int, place: int) -> Iterator[Step]:
    """The learner's journey through the course that stands at `place` (from 0) among the chosen ones.

    Four in ten learners come in the rush of the first weeks, the others as time goes by; a further course
    is looked at a week or two after the one before.
    """
    person = Dice(stage.seed, "learner", learner)
    habits = draw_habits(person)
    share = person.between(0, 1) * person.between(0, 0.3) if person.chance(0.4) else person.between(0, 1)
    dice = Dice(stage.seed, "journey", learner, course)
    day = int(share * stage.calendar.days) + sum(int(dice.between(4, 15)) for _ in range(place))
    start = stage.calendar.instant(day, dice.around(habits.rhythm.hour, habits.rhythm.spread))
    schedule = Schedule(habits, stage.calendar, dice, start)
    order_id = f"order-{stage.seed}-{learner + 1:04d}-{course}"
    yield from Journey(stage.courses[course], stage.faults[course], habits, schedule, dice, order_id).steps()


def _visitor_steps(stage: Stage, visitor: int) -> Iterator[Step]:
    """Somebody without a name looks at a course's page, sometimes at its first lesson."""
    dice = Dice(stage.seed, "visitor", visitor)
    habits = draw_habits(dice)
    start = stage.calendar.instant(int(dice.between(0, stage.calendar.days)), dice.between(7, 23))
    schedule = Schedule(habits, stage.calendar, dice, start)
    yield Step(schedule.now, EventType.COURSE_VIEW)
    if dice.chance(0.3):
        yield Step(schedule.spend(dice.between(20, 200)), EventType.LESSON_VIEWED, 0)


def _staff_steps(stage: Stage, course: int) -> Iterator[Step]:
    """The course's instructor looks after it on some weekdays; one of the team tests a quiz."""
    dice = Dice(stage.seed, "staff", course)
    role = {"role": dice.pick(("instructor", "staff", "test"))}
    for day in range(stage.calendar.days):
        if stage.calendar.weekday(day) >= 5 or not dice.chance(0.3):
            continue
        at = stage.calendar.instant(day, dice.between(9, 16))
        schedule = Schedule(draw_habits(dice), stage.calendar, dice, at)
        for _ in range(int(dice.between(1, 4))):
            lesson = dice.pick(stage.courses[course].lessons)
            yield Step(schedule.spend(dice.between(30, 600)), EventType.LESSON_VIEWED, lesson.idx, role)
