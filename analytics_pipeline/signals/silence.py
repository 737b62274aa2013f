"""The rule `silent_emitter`: a lesson is viewed no more while its neighbours are; a broken page, no drop-off.

Of a lesson the table `lesson_daily` tells the last hour with a view. What came since is held against the
nearest lesson before it and the nearest after it that were viewed since. Each of them is counted in
learner-days: the viewers of a day, spread over its hours as its views are, so that a learner who reloads a
page or a robot that opens it five hundred times counts once. Let a neighbour have had S since, and B in the
days before that hour that go back just as far as it takes to have as many, while the lesson had K in them. If
nothing had changed, each of the K would fall before the silence with a chance of B / (B + S), so that the
silence has the chance (B / (B + S)) ^ K. Both neighbours must say so: learners who move on together leave a
lesson behind them silent, and then the lesson before it has gone silent as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics_pipeline.signals.rules import FINDING

HOURS = 25
"""Of the longest day."""

DAYS_JUDGED = 91
"""A lesson that was silent for longer is taken to have left the course, and is judged no more."""

_ROUNDING = 1e-9

_EVIDENCE = ["silent_since_day", "silent_since_hour"] + [
    f"{side}_{name}"
    for side in ("before", "after")
    for name in ("lesson_idx", "learners_since", "learners_earlier", "own_learners_earlier")
]


@dataclass(frozen=True)
class SilenceLimit:
    """When a silence calls for attention.

    It fires where chance would give it less often than `chance` and each neighbour had at least
    `min_learners` learner-days since; it holds until chance might give it by the square root of that. At
    least `days` days before the silence are looked at.
    """

    chance: float
    min_learners: int
    days: int

    @property
    def looks_back(self) -> int:
        """How many days of the table are looked at."""
        return DAYS_JUDGED + self.days


@dataclass(frozen=True)
class _Neighbour:
    """What a neighbour says about a silence."""

    lesson_idx: int
    since: float
    earlier: float
    own_earlier: float

    @property
    def chance(self) -> float:
        """How often chance would give this silence."""
        return float((self.earlier / (self.earlier + self.since)) ** self.own_earlier) if self.since else 1.0


@dataclass(frozen=True)
class _Course:
    """The lessons of a course that were viewed in the last days."""

    lessons: NDArray[np.int64]
    last_view: NDArray[np.int64]
    """Per lesson, the number of the last hour with a view, counted from the first of these days."""
    learners: NDArray[np.float64]
    """Per lesson and day, learner-days up to the end of the day."""
    by_hour: Mapping[tuple[int, int], NDArray[np.float64]]
    """Learner-days of each hour, by place of the lesson and day, of the days that are the last of any."""

    def up_to(self, place: int, hour: int) -> float:
        """Learner-days of a lesson up to the end of the hour."""
        day, of_day = divmod(hour, HOURS)
        before = self.learners[place, day - 1] if day else 0.0
        if self.learners[place, day] == before:
            return float(before)
        return float(before + self.by_hour[place, day][: of_day + 1].sum())

    def neighbour(self, lesson: int, side: int) -> _Neighbour | None:
        """The nearest lesson on a side (-1, 1) that was viewed after this one; None where there is none."""
        hour = self.last_view[lesson]
        place = lesson + side
        while 0 <= place < len(self.lessons):
            if self.last_view[place] > hour:
                return self._testimony(lesson, place, hour)
            place += side
        return None

    def _testimony(self, lesson: int, place: int, hour: int) -> _Neighbour:
        theirs, own = self.learners[place], self.learners[lesson]
        then = self.up_to(place, hour)
        since = theirs[-1] - then
        # As far back as it takes, and to the start of that day: a person adds up whole days.
        day = int(np.searchsorted(theirs, then - since + _ROUNDING, side="right"))
        their_first, own_first = (theirs[day - 1], own[day - 1]) if day else (0.0, 0.0)
        return _Neighbour(
            lesson_idx=int(self.lessons[place]),
            since=float(since),
            earlier=float(then - their_first),
            own_earlier=float(self.up_to(lesson, hour) - own_first),
        )


def silent_emitter(lesson_daily: pd.DataFrame, limit: SilenceLimit, as_of: date) -> pd.DataFrame:
    """Lessons that were viewed in the last days up to `as_of`, and whether their silence since is a fault.

    `views_by_hour` may be null on days that are of no lesson of the course the last one with a view.
    """
    first = as_of - timedelta(days=limit.looks_back - 1)
    days = pd.to_datetime(lesson_daily["day"])
    within = (days >= pd.Timestamp(first)) & (days <= pd.Timestamp(as_of)) & (lesson_daily["views"] > 0)
    viewed = lesson_daily[within].assign(day_number=(days[within] - pd.Timestamp(first)).dt.days)
    found = [
        {"course_id": course_id, **row}
        for course_id, rows in viewed.groupby("course_id")
        for row in _judge_course(_read_course(rows, limit.looks_back), limit, first)
    ]
    frame = pd.DataFrame(found, columns=[*FINDING, *_EVIDENCE])
    frame["rule"], frame["threshold"], frame["severity"] = "silent_emitter", limit.chance, "critical"
    return frame


def _read_course(rows: pd.DataFrame, days: int) -> _Course:
    lessons, place = np.unique(rows["lesson_idx"].to_numpy("int64"), return_inverse=True)
    number = rows["day_number"].to_numpy("int64")
    learners = np.zeros((len(lessons), days))
    learners[place, number] = rows["viewers"].to_numpy("float64")
    last_day = np.zeros(len(lessons), dtype="int64")
    np.maximum.at(last_day, place, number)
    is_asked_for = np.isin(number, last_day)
    asked = rows[is_asked_for]
    days_asked = list(zip(place[is_asked_for].tolist(), number[is_asked_for].tolist(), strict=True))
    views = np.array(asked["views_by_hour"].tolist(), dtype="float64").reshape(-1, HOURS)
    last_hour = dict(zip(days_asked, HOURS - 1 - np.argmax(views[:, ::-1] > 0, axis=1), strict=True))
    learners_by_view = (asked["viewers"] / asked["views"]).to_numpy()[:, np.newaxis]
    by_hour = dict(zip(days_asked, views * learners_by_view, strict=True))
    last_view = np.array([day * HOURS + last_hour[at, day] for at, day in enumerate(last_day.tolist())])
    return _Course(lessons, last_view, learners.cumsum(axis=1), by_hour)


def _judge_course(course: _Course, limit: SilenceLimit, first: date) -> Iterator[dict[str, object]]:
    """A finding for each lesson; the first and the last of the course have a neighbour on one side only."""
    for place, lesson_idx in enumerate(course.lessons):
        day, hour = divmod(int(course.last_view[place]) + 1, HOURS)
        if day < limit.days or len(course.lessons) == 1:
            continue
        before, after = course.neighbour(place, -1), course.neighbour(place, 1)
        is_flanked = (before or place == 0) and (after or place == len(course.lessons) - 1)
        sides = [side for side in (before, after) if side is not None]
        chance = max(side.chance for side in sides) if sides and is_flanked else 1.0
        weakest = min(sides, key=lambda side: side.own_earlier, default=_Neighbour(0, 0.0, 0.0, 0.0))
        # To open, as much must be known of before as of since: what just became known has no before.
        is_known = all(side.earlier >= side.since >= limit.min_learners for side in sides)
        yield {
            "lesson_idx": int(lesson_idx),
            "numerator": 0,
            "denominator": round(weakest.since, 1),
            "value": chance,
            "fires": is_known and chance < limit.chance,
            "holds": chance < limit.chance**0.5,
            "silent_since_day": str(first + timedelta(days=day)),
            "silent_since_hour": hour,
            **_side_evidence("before", before),
            **_side_evidence("after", after),
        }


def _side_evidence(name: str, side: _Neighbour | None) -> dict[str, object]:
    if side is None:
        return {}
    return {
        f"{name}_lesson_idx": side.lesson_idx,
        f"{name}_learners_since": round(side.since, 1),
        f"{name}_learners_earlier": round(side.earlier, 1),
        f"{name}_own_learners_earlier": round(side.own_earlier, 1),
    }
