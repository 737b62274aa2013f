"""When a learner learns: which days, at what hour, how long and how fast."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from analytics_pipeline.simulate.calendar import Calendar
from analytics_pipeline.simulate.dice import Dice

# Now and then life comes between: a holiday, an illness. Then the learner is back.
_BREAK_CHANCE = 0.015
_BREAK_DAYS = (8, 20)


class Rhythm(Enum):
    """A week's shape: the chance of learning on each weekday from Monday, the hour, and its spread."""

    EVENINGS = (0.5, 0.5, 0.5, 0.45, 0.2, 0.2, 0.4), 20.0, 0.9
    WEEKENDS = (0.15, 0.1, 0.15, 0.1, 0.15, 0.75, 0.75), 11.5, 1.6
    COMMUTES = (0.55, 0.6, 0.6, 0.55, 0.5, 0.05, 0.05), 7.6, 0.4
    LUNCHES = (0.5, 0.55, 0.5, 0.55, 0.4, 0.03, 0.03), 12.4, 0.3
    NIGHTS = (0.4, 0.4, 0.4, 0.4, 0.35, 0.3, 0.45), 22.6, 0.6

    def __init__(self, chances: tuple[float, ...], hour: float, spread: float) -> None:
        self.chances = chances
        self.hour = hour
        self.spread = spread


_SHARES = (40.0, 20.0, 12.0, 14.0, 14.0)


@dataclass(frozen=True)
class Habits:
    """How a learner goes about it.

    `pace` multiplies the minutes of a lesson, `patience` divides the chance of leaving, `ability` multiplies
    that of passing; `reports_time` tells whether the learner's browser reports active time.
    """

    rhythm: Rhythm
    session_minutes: float
    pace: float
    patience: float
    ability: float
    reports_time: bool


def draw_habits(dice: Dice) -> Habits:
    """The habits of one learner."""
    return Habits(
        rhythm=dice.pick(tuple(Rhythm), _SHARES),
        session_minutes=dice.between(18, 65),
        pace=dice.between(0.7, 1.5),
        patience=dice.between(0.75, 1.35),
        ability=dice.between(0.9, 1.1),
        reports_time=dice.chance(0.65),
    )


class Schedule:
    """A learner's time: goes forward in sittings of limited length, on the days of the learner's habits."""

    def __init__(self, habits: Habits, calendar: Calendar, dice: Dice, start: datetime) -> None:
        self._habits = habits
        self._calendar = calendar
        self._dice = dice
        self.now = start
        self._sitting_ends = start + self._length()

    def spend(self, seconds: float) -> datetime:
        """Let time pass; return the new now."""
        self.now += timedelta(seconds=round(seconds, 3))
        return self.now

    @property
    def sitting_is_over(self) -> bool:
        """Whether the time for today is used up."""
        return self.now >= self._sitting_ends

    def sit_down(self) -> datetime:
        """Go on in this sitting or, when it is over, in the next; return now."""
        return self.next_sitting() if self.sitting_is_over else self.now

    def next_sitting(self) -> datetime:
        """Go to the first sitting after today; return now."""
        day = self._calendar.number(self.now) + 1
        if self._dice.chance(_BREAK_CHANCE):
            day += int(self._dice.between(*_BREAK_DAYS))
        rhythm = self._habits.rhythm
        while not self._dice.chance(rhythm.chances[self._calendar.weekday(day)]):
            day += 1
        start = self._calendar.instant(day, self._dice.around(rhythm.hour, rhythm.spread))
        # A sitting that ran over midnight is followed by some sleep.
        self.now = max(start, self.now + timedelta(hours=5))
        self._sitting_ends = self.now + self._length()
        return self.now

    def _length(self) -> timedelta:
        return timedelta(minutes=self._habits.session_minutes * self._dice.between(0.6, 1.4))
