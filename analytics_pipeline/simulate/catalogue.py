"""The courses of the simulated platform."""

from dataclasses import dataclass
from decimal import Decimal

from analytics_pipeline.simulate.dice import Dice

LESSONS = 12
QUIZ_EVERY = 4

_SUBJECTS = (
    "python-first-steps",
    "watercolour-basics",
    "clear-writing",
    "statistics-for-teams",
    "garden-through-the-year",
    "spanish-for-travel",
    "home-electronics",
    "reading-balance-sheets",
)
_PRICES = (Decimal("49.00"), Decimal("79.00"), Decimal("129.00"))


@dataclass(frozen=True)
class Quiz:
    """A quiz at the end of a lesson, with the share of learners who would pass it at once."""

    id: str
    pass_chance: float


@dataclass(frozen=True)
class Lesson:
    """A lesson: the minutes it takes, and the share of those who reach it that go no further."""

    idx: int
    minutes: float
    leave_chance: float
    quiz: Quiz | None


@dataclass(frozen=True)
class Course:
    """A course; `price` is None where it is free, `appeal` says how many choose it beside others."""

    id: str
    lessons: tuple[Lesson, ...]
    price: Decimal | None
    currency: str
    appeal: float


def make_courses(count: int, seed: int) -> list[Course]:
    """The first `count` courses of the seed; every second one is free."""
    return [_make_course(number, Dice(seed, "course", number)) for number in range(count)]


def course_id(number: int) -> str:
    """The id of a course by its number from 0."""
    edition, subject = divmod(number, len(_SUBJECTS))
    return _SUBJECTS[subject] if edition == 0 else f"{_SUBJECTS[subject]}-{edition + 1}"


def is_paid(number: int) -> bool:
    """Whether a price is asked for the course."""
    return number % 2 == 0


def _make_course(number: int, dice: Dice) -> Course:
    difficulty = dice.between(0.8, 1.2)
    return Course(
        id=course_id(number),
        lessons=tuple(_make_lesson(idx, difficulty, dice) for idx in range(LESSONS)),
        price=dice.pick(_PRICES) if is_paid(number) else None,
        currency="EUR",
        appeal=dice.between(0.7, 1.3),
    )


def _make_lesson(idx: int, difficulty: float, dice: Dice) -> Lesson:
    """Many look at the first lesson only; who has come far stays to the end."""
    if idx == 0:
        leave_chance = dice.between(0.11, 0.15)
    elif idx == 1:
        leave_chance = dice.between(0.06, 0.09)
    else:
        leave_chance = dice.between(0.02, 0.06) * (1.2 - 0.5 * idx / LESSONS)
    has_quiz = idx % QUIZ_EVERY == QUIZ_EVERY - 1
    return Lesson(
        idx=idx,
        minutes=dice.between(9, 22),
        leave_chance=leave_chance * difficulty,
        quiz=Quiz(f"quiz-{idx // QUIZ_EVERY + 1}", dice.between(0.72, 0.9)) if has_quiz else None,
    )
