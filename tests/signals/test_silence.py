"""A lesson that goes silent while its neighbours go on, in tables small enough to check by hand."""

from datetime import date, timedelta

import pandas as pd
import pytest

from analytics_pipeline.signals.findings import findings_of
from analytics_pipeline.signals.life import Finding, Subject
from analytics_pipeline.signals.silence import DAYS_JUDGED, HOURS, SilenceLimit, silent_emitter

FIRST = date(2024, 5, 1)
LIMIT = SilenceLimit(chance=1e-6, min_learners=30, days=28)
MORNING, EVENING = 9, 20
WHOLE_DAY = (MORNING, EVENING)
NEVER: tuple[int, ...] = ()
Days = list[tuple[int, ...]]
"""Per day, the hours in which a lesson has its views."""


def table(lessons: dict[int, Days], learners: int = 10, reloads: int = 1) -> pd.DataFrame:
    """`lesson_daily` of a course in which `learners` view a lesson in each of its hours, `reloads` times."""
    rows = []
    for lesson_idx, days in lessons.items():
        for number, hours in enumerate(days):
            by_hour = [learners * reloads * (hour in hours) for hour in range(HOURS)]
            rows.append(
                {
                    "course_id": "c1",
                    "lesson_idx": lesson_idx,
                    "day": FIRST + timedelta(days=number),
                    "views": sum(by_hour),
                    "viewers": learners * len(hours),
                    "views_by_hour": by_hour,
                }
            )
    return pd.DataFrame(rows)


def findings(frame: pd.DataFrame, days: int, limit: SilenceLimit = LIMIT) -> dict[int | None, Finding]:
    """By lesson, as of the last of `days` days."""
    found = findings_of(silent_emitter(frame, limit, FIRST + timedelta(days=days - 1)))
    return {each.subject.lesson_idx: each for each in found}


def fired(frame: pd.DataFrame, days: int) -> list[int | None]:
    return [lesson for lesson, found in findings(frame, days).items() if found.fires]


def always(days: int) -> Days:
    return [WHOLE_DAY] * days


def test_a_lesson_that_breaks_in_the_afternoon_is_found_with_the_hour_since_which_it_is_silent() -> None:
    broken = [*always(5), (MORNING,), NEVER, NEVER]
    found = findings(table({1: always(8), 2: broken, 3: always(8)}), 8)
    assert [lesson for lesson, each in found.items() if each.fires] == [2]
    silent = found[2]
    assert silent.subject == Subject("silent_emitter", "c1", 2, None)
    evidence = silent.evidence
    assert (evidence["silent_since_day"], evidence["silent_since_hour"]) == ("2024-05-06", MORNING + 1)
    # Since then the lesson before had the evening and two days, 10 learners in each of their hours. To have
    # as many before, it takes that morning and two days; in them the silent lesson had as many of its own.
    assert (evidence["before_lesson_idx"], evidence["before_learners_since"]) == (1, 50.0)
    assert (evidence["before_learners_earlier"], evidence["before_own_learners_earlier"]) == (50.0, 50.0)
    assert silent.value == pytest.approx(0.5**50)
    assert silent.threshold == LIMIT.chance


def test_a_busy_lesson_is_found_on_the_evening_of_the_day_on_which_it_breaks() -> None:
    lessons = {1: always(3), 2: [*always(2), (MORNING,)], 3: always(3)}
    assert fired(table(lessons, learners=40), 3) == [2]


def test_a_lesson_is_not_silent_where_its_neighbours_are_silent_too() -> None:
    quiet = [*always(5), NEVER, NEVER, NEVER]
    assert fired(table({1: quiet, 2: quiet, 3: quiet}), 8) == []


def test_learners_who_move_on_together_leave_no_silent_emitter_behind() -> None:
    """Everybody does one lesson a week: each falls silent, but so has the one before it."""
    weeks: dict[int, Days] = {
        lesson: [WHOLE_DAY if day // 7 == lesson else NEVER for day in range(28)] for lesson in range(4)
    }
    for days in range(1, 29):
        assert fired(table({lesson: on[:days] for lesson, on in weeks.items()}, learners=100), days) == []


def test_the_first_and_the_last_lesson_are_judged_by_the_neighbour_that_they_have() -> None:
    broken = [*always(5), NEVER, NEVER, NEVER]
    assert fired(table({0: broken, 1: always(8), 2: always(8)}), 8) == [0]
    assert fired(table({0: always(8), 1: always(8), 2: broken}), 8) == [2]


def test_of_two_lessons_that_break_together_the_later_is_held_against_those_around_both() -> None:
    later = [*always(5), (MORNING,), NEVER, NEVER]
    lessons = {0: always(8), 1: [*always(5), NEVER, NEVER, NEVER], 2: later, 3: always(8)}
    assert findings(table(lessons), 8)[2].evidence["before_lesson_idx"] == 0
    assert 2 in fired(table(lessons), 8)


def test_a_robot_that_opens_a_neighbour_five_hundred_times_is_one_learner() -> None:
    lessons = {1: always(6), 2: [*always(5), (MORNING,)], 3: always(6)}
    frame = table(lessons, learners=10)
    assert fired(frame, 6) == []
    is_robot = (frame["lesson_idx"] != 2) & (frame["day"] == FIRST + timedelta(days=5))
    frame.loc[is_robot, "views"] += 500
    frame.loc[is_robot, "views_by_hour"] = frame.loc[is_robot, "views_by_hour"].map(
        lambda hours: [*hours[:EVENING], hours[EVENING] + 500, *hours[EVENING + 1 :]]
    )
    assert fired(frame, 6) == []


def test_reloading_a_page_makes_no_evidence() -> None:
    lessons = {1: always(6), 2: [*always(5), NEVER], 3: always(6)}
    once, often = (findings(table(lessons, reloads=number), 6)[2] for number in (1, 50))
    assert once == often
    assert not once.fires


def test_a_silence_fires_only_with_enough_learners_at_each_neighbour() -> None:
    lessons = {1: always(29), 2: [*always(28), NEVER], 3: always(29)}
    assert fired(table(lessons, learners=14), 29) == []
    assert fired(table(lessons, learners=15), 29) == [2]


def test_what_was_never_viewed_as_long_before_as_it_is_silent_now_is_not_called_broken() -> None:
    new = {1: always(2), 2: [WHOLE_DAY, NEVER], 3: always(2)}
    assert findings(table(new, learners=100), 2)[2].fires
    short = {1: always(4), 2: [WHOLE_DAY, NEVER, NEVER, NEVER], 3: always(4)}
    assert not findings(table(short, learners=100), 4)[2].fires


def test_an_open_signal_holds_for_as_long_as_the_silence_lasts_and_no_longer_than_to_the_first_view() -> None:
    days = 28 + DAYS_JUDGED
    lessons = {1: always(days), 2: [*always(28), *[NEVER] * DAYS_JUDGED], 3: always(days)}
    frame = table(lessons)
    for until in (30, 60, days - 1):
        known = frame[frame["day"] < FIRST + timedelta(days=until)]
        assert findings(known, until)[2].holds
    assert 2 not in findings(frame, days + 1)
    mended = table({**lessons, 2: [*always(28), *[NEVER] * 40, WHOLE_DAY]})
    assert not findings(mended[mended["day"] < FIRST + timedelta(days=69)], 69)[2].holds
