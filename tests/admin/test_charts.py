"""Charts say what the numbers say, and drawing them asks nobody else for anything."""

import re
import subprocess
import sys
from datetime import date

import pytest

from analytics_pipeline.admin.answers.course import Lesson
from analytics_pipeline.admin.answers.dropoff import LessonCounts, drop_off
from analytics_pipeline.admin.answers.times import lesson_time
from analytics_pipeline.admin.dashboard.charts.activity import DayPoint, daily_chart, hours_chart, time_chart
from analytics_pipeline.admin.dashboard.charts.drop_off import drop_off_chart
from analytics_pipeline.admin.dashboard.drawing import draw
from analytics_pipeline.days import DayRange


def lessons(*counts: tuple[int, int, int]) -> list[Lesson]:
    rows = [
        LessonCounts(idx, viewers=50, completers=40, stopped=stopped, active=active, finished=finished)
        for idx, (stopped, active, finished) in enumerate(counts)
    ]
    time = lesson_time({"80": 9}, measured=9, learner_days=20, active_ms_sum=900_000, min_cell=5)
    return [
        Lesson(**dict(lesson), lesson_title=None, views=70, time=time)
        for lesson in drop_off(rows, min_cell=5)
    ]


def days(*learners: int | None) -> list[DayPoint]:
    span = DayRange(date(2026, 3, 1), date(2026, 3, len(learners)))
    return [DayPoint(day, count, count, day.day > 2) for day, count in zip(span, learners, strict=True)]


def test_the_parts_of_a_lesson_add_up_to_those_who_reached_it() -> None:
    course = lessons((10, 5, 0), (20, 5, 0), (0, 0, 60))
    reach = drop_off_chart(course, 1, 700)["vconcat"][0]["data"]["values"]
    for lesson in course:
        parts = {row["part"]: row["learners"] for row in reach if row["lesson"] == lesson.lesson_idx}
        assert sum(parts.values()) == lesson.reach
        assert (parts["stopped"], parts["active"]) == (lesson.stopped, lesson.active)


def test_a_lesson_that_is_hidden_is_not_drawn() -> None:
    chart = drop_off_chart(lessons((10, 0, 0), (3, 0, 1)), None, 700)
    assert {row["lesson"] for panel in chart["vconcat"] for row in panel["data"]["values"]} == {0}


def test_a_hidden_day_is_a_gap_and_an_unfinished_day_is_pale() -> None:
    values = daily_chart(days(40, None, 50), 700)["data"]["values"]
    assert [row["learners"] for row in values] == [40, None, 50]
    svg = draw(daily_chart(days(40, None, 50), 300), "days")
    bars = [float(left) for left in re.findall(r'd="M([\d.]+),[^"]*" fill="var\(--reach\)"', svg)]
    assert len(bars) == 2
    assert bars[1] - bars[0] > 150
    assert [row["provisional"] for row in values] == [False, False, True]


@pytest.mark.parametrize("width", [300, 700])
def test_a_drawing_holds_no_style_that_the_policy_forbids_and_takes_its_colours_from_the_page(
    width: int,
) -> None:
    course = lessons((10, 5, 0), (20, 5, 0), (0, 0, 60))
    for chart in (
        hours_chart(range(24), width),
        drop_off_chart(course, 1, width),
        daily_chart(days(40, None, 50), width),
        time_chart(course, width),
    ):
        svg = draw(chart, 'Learners & "lessons" <here>')
        assert svg.startswith("<svg viewBox=")
        assert 'role="img" aria-label="Learners &amp; &quot;lessons&quot; &lt;here&gt;"' in svg
        assert " style=" not in svg
        assert "<script" not in svg
        assert "http" not in svg
        colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) - {"none", "transparent"}
        assert all(colour.startswith("var(--") for colour in colours), colours


def test_many_lessons_are_labelled_at_even_steps() -> None:
    course = lessons(*[(1, 0, 0)] * 60, (0, 0, 300))
    axis = time_chart(course, 700)["encoding"]["x"]["axis"]
    assert axis["values"] == list(range(0, 61, 5))


def test_nothing_is_fetched_for_a_drawing() -> None:
    chart = {
        "data": {"url": "http://127.0.0.1:9/data.json"},
        "mark": "bar",
        "encoding": {"x": {"field": "a"}},
    }
    with pytest.raises(ValueError, match=r"External data url not allowed|not allowed"):
        draw(chart, "from elsewhere")


def test_drawing_needs_no_network() -> None:
    program = (
        "from analytics_pipeline.admin.dashboard.drawing import draw\n"
        "print(draw({'data': {'values': [{'a': 1}]}, 'mark': 'bar', 'encoding': {'x': {'field': 'a'}}}, 'x'))"
    )
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", program]
    drawn = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in drawn.stderr:
        pytest.skip(f"this machine lets nobody leave the network: {drawn.stderr.strip()}")
    assert "<svg" in drawn.stdout, drawn.stderr
