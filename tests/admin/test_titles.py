"""Titles from the catalogue stand in every answer, and ids and numbers where it gives none."""

from datetime import date

import httpx
import psycopg
import pytest

from analytics_pipeline.database import tables
from tests.admin.api import API
from tests.admin.rows import open_signal, publish

DAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _published(pipeline: psycopg.Connection) -> None:
    for course_id in ("c1", "c2"):
        publish(pipeline, tables.course_daily, {"course_id": course_id, "day": DAY, "learners": 9})
        publish(
            pipeline,
            tables.lesson_cohort,
            *(
                {"course_id": course_id, "lesson_idx": idx, "cohort_day": DAY, "viewers": 9, "stopped": 9}
                for idx in (0, 1)
            ),
        )
        publish(pipeline, tables.signal, open_signal("high_drop_off_lesson", course_id, lesson_idx=0))
    funnel = {"funnel": "completion", "cohort_day": DAY, "entered": 9, "open": 9, "window_days": 270}
    publish(pipeline, tables.course_funnel, {"course_id": "c1", **funnel})
    publish(pipeline, tables.course, {"course_id": "c1", "title": "Algebra"})
    publish(
        pipeline,
        tables.course_lesson,
        {"course_id": "c1", "lesson_idx": 0, "title": "Sets", "required": True},
        {"course_id": "c1", "lesson_idx": 1, "title": None, "required": False},
    )


def test_a_course_and_its_lessons_bear_their_titles(client: httpx.Client) -> None:
    course = client.get(f"{API}/course/c1").json()
    assert course["courseTitle"] == "Algebra"
    assert [lesson["lessonTitle"] for lesson in course["lessons"]] == ["Sets", None]
    lesson = client.get(f"{API}/course/c1/lesson/0").json()
    assert (lesson["courseTitle"], lesson["lessonTitle"]) == ("Algebra", "Sets")
    assert lesson["lesson"]["lessonTitle"] == "Sets"


def test_without_a_catalogue_entry_there_is_the_id_alone(client: httpx.Client) -> None:
    course = client.get(f"{API}/course/c2").json()
    assert (course["courseId"], course["courseTitle"]) == ("c2", None)
    assert {lesson["lessonTitle"] for lesson in course["lessons"]} == {None}


def test_the_list_shows_titles_and_is_searched_by_them(client: httpx.Client) -> None:
    courses = client.get(f"{API}/courses").json()["courses"]
    assert {each["courseId"]: each["courseTitle"] for each in courses} == {"c1": "Algebra", "c2": None}
    found = client.get(f"{API}/courses", params={"search": "algeb"}).json()
    assert [each["courseId"] for each in found["courses"]] == ["c1"]


def test_signals_name_course_and_lesson(client: httpx.Client) -> None:
    signals = client.get(f"{API}/signals").json()["signals"]
    by_course = {each["courseId"]: each for each in signals}
    assert (by_course["c1"]["courseTitle"], by_course["c1"]["lessonTitle"]) == ("Algebra", "Sets")
    assert "lesson 0 (“Sets”)" in by_course["c1"]["summary"]
    assert by_course["c2"]["lessonTitle"] is None
    assert "stop at lesson 0 (" in by_course["c2"]["summary"]


def test_funnels_state_the_window_that_their_course_was_counted_by(client: httpx.Client) -> None:
    assert client.get(f"{API}/funnel/c1").json()["windowDays"] == 270
    assert client.get(f"{API}/funnel/c2").json()["windowDays"] == 90
