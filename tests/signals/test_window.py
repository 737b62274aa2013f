"""What a window holds, against a count that looks at one subject and one day after the other."""

from collections import defaultdict
from datetime import date, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.signals.window import MOST_DAYS, Window, sum_latest

Row = tuple[str, int | None, int, int, int]

LAST = date(2024, 5, 31)
ages = st.one_of(st.integers(-1, 5), st.integers(MOST_DAYS - 1, MOST_DAYS))
rows = st.tuples(
    st.sampled_from(["c1", "c2"]),
    st.sampled_from([None, 1, 2]),
    ages,
    st.integers(0, 3),
    st.integers(0, 3),
)


def counted_by_hand(
    given_rows: list[Row], days: int, learners: int
) -> dict[tuple[str, int | None], tuple[int, int, str, str]]:
    by_subject: dict[tuple[str, int | None], dict[int, list[tuple[int, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for course, lesson, age, stopped, reach in given_rows:
        if 0 <= age < MOST_DAYS and reach > 0:
            by_subject[course, lesson][age].append((stopped, reach))
    summed = {}
    for subject, by_age in by_subject.items():
        chosen: list[int] = []
        so_far = 0
        for age in sorted(by_age):
            if age < days or so_far < learners:
                chosen.append(age)
            so_far += sum(reach for _, reach in by_age[age])
        counts = [count for age in chosen for count in by_age[age]]
        if counts:
            oldest, youngest = (LAST - timedelta(days=age) for age in (max(chosen), min(chosen)))
            summed[subject] = (
                sum(stopped for stopped, _ in counts),
                sum(reach for _, reach in counts),
                str(oldest),
                str(youngest),
            )
    return summed


@given(st.lists(rows, max_size=20), st.integers(0, 5), st.integers(0, 6))
def test_a_window_holds_its_days_and_older_ones_until_it_has_enough_learners(
    given_rows: list[Row], days: int, learners: int
) -> None:
    frame = pd.DataFrame(given_rows, columns=["course_id", "lesson_idx", "age", "stopped", "reach"])
    frame["lesson_idx"] = frame["lesson_idx"].astype("Int64")
    frame["cohort_day"] = [LAST - timedelta(days=age) for age in frame.pop("age")]
    window = Window(LAST, days=days, learners=learners)
    found = sum_latest(frame, ["course_id", "lesson_idx"], ["stopped", "reach"], "reach", window)
    plain = found.astype(object).where(found.notna(), None).to_numpy().tolist()
    assert {tuple(row[:2]): tuple(row[2:]) for row in plain} == counted_by_hand(given_rows, days, learners)
