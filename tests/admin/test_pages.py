"""The pages say in words and tables what the API says in numbers, without any script."""

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest

from analytics_pipeline.database import tables
from tests.admin.rows import COMPLETE_THROUGH, course_day, open_signal, publish

TO = "\N{EN DASH}"
MARCH = [date(2026, 3, day) for day in range(1, 32)]


@pytest.fixture
def algebra(pipeline: psycopg.Connection) -> None:
    """A course with a lesson that loses a third of its learners."""
    publish(pipeline, tables.course_daily, *(course_day("algebra", day, 30, views=1000) for day in MARCH))
    stops = (3, 1, 40, 2)
    publish(
        pipeline,
        tables.lesson_cohort,
        *(
            {
                "course_id": "algebra",
                "lesson_idx": idx,
                "cohort_day": MARCH[9],
                "viewers": 100,
                "completers": 90,
            }
            | {"stopped": stopped, "finished": 70 if idx == 3 else 0}
            for idx, stopped in enumerate(stops)
        ),
    )
    publish(
        pipeline,
        tables.course_funnel,
        {"course_id": "algebra", "funnel": "completion", "cohort_day": MARCH[9], "entered": 116, "step_2": 70}
        | {"converted": 70, "open": 40, "dropped": 6, "mature": 3, "mature_step_2": 1},
    )
    publish(
        pipeline,
        tables.quiz_cohort,
        {"course_id": "algebra", "quiz_id": "<b>final</b>", "lesson_idx": 3, "cohort_day": MARCH[9]}
        | {"attempters": 50, "first_attempt_passers": 20, "best_attempt_passers": 45, "attempts": 80},
    )
    publish(pipeline, tables.signal, open_signal("high_drop_off_lesson", "algebra", lesson_idx=2))


def text_of(page: httpx.Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


@pytest.mark.usefixtures("algebra")
def test_a_course_page_says_where_learners_stop_and_whether_that_is_certain(browser: httpx.Client) -> None:
    page = browser.get("/course/algebra?range=all")
    assert page.status_code == 200
    text = text_of(page)
    assert "40 of 112 learners (36 %) who came to lesson 2 went no further." in text
    assert "This is certain: even the low end of its 95 % interval (27 % to 45 %)" in text
    assert (
        "40 % of learners stop at lesson 2 (40 of 100; 95 % interval 31 % to 50 %); the limit is 30 %."
        in text
    )
    assert "Complete through 31 Mar 2026." in text


@pytest.mark.usefixtures("algebra")
def test_open_is_never_counted_as_lost_and_a_small_group_is_hidden(browser: httpx.Client) -> None:
    text = text_of(browser.get("/course/algebra?range=all"))
    assert "70 of 116 enrolled; 40 may still complete" in text
    assert "70 completed 40 open 6 dropped" in text
    assert "hidden: fewer than 5 learners whose 90 days are over" in text


@pytest.mark.usefixtures("algebra")
def test_a_lesson_page_says_how_many_went_no_further_and_leads_back(browser: httpx.Client) -> None:
    course = browser.get("/course/algebra?range=custom&from=2026-03-01&to=2026-03-20").text
    link = re.search(r'href="(/course/algebra/lesson/2\?[^"]+)"', course)
    assert link is not None
    page = browser.get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200
    text = text_of(page)
    assert "40 of 112 went no further; 95 % interval 27 % to 45 %" in text
    assert "36 %" in text
    assert "40 % of learners stop at lesson 2" in text
    assert "No learner was active in this lesson on these days." in text
    assert '/course/algebra?range=custom&amp;from=2026-03-01&amp;to=2026-03-20"' in page.text
    assert browser.get("/course/algebra/lesson/9").status_code == 404


@pytest.mark.usefixtures("algebra")
def test_what_clients_named_is_shown_as_text(browser: httpx.Client) -> None:
    assert "&lt;b&gt;final&lt;/b&gt;" in browser.get("/course/algebra?range=all").text


@pytest.mark.usefixtures("algebra")
def test_presets_end_with_the_last_complete_day_and_custom_days_are_taken(browser: httpx.Client) -> None:
    assert f"Activity on 25 Mar 2026 {TO} 31 Mar 2026." in text_of(browser.get("/course/algebra?range=7"))
    custom = browser.get("/course/algebra?range=custom&from=2026-03-02&to=2026-03-04")
    assert f"Activity on 2 Mar 2026 {TO} 4 Mar 2026." in text_of(custom)
    assert f"whole weeks 2 Mar 2026 {TO} 8 Mar 2026" in text_of(custom)
    assert browser.get("/course/algebra?range=custom&from=soon").status_code == 422
    assert browser.get("/course/algebra?range=8").status_code == 422
    backwards = browser.get("/course/algebra?range=custom&from=2026-03-04&to=2026-03-02")
    assert (backwards.status_code, "before it begins" in backwards.text) == (422, True)


@pytest.mark.usefixtures("algebra")
def test_numbers_that_are_older_than_they_should_be_say_so_at_the_top(browser: httpx.Client) -> None:
    age = (datetime.now(UTC).date() - COMPLETE_THROUGH).days
    assert f"These numbers end with 31 Mar 2026, {age} days ago." in text_of(browser.get("/course/algebra"))


def test_fresh_numbers_do_not_complain(browser: httpx.Client, pipeline: psycopg.Connection) -> None:
    today = datetime.now(UTC).date()
    as_of = datetime(today.year, today.month, today.day, tzinfo=UTC)
    publish(pipeline, tables.course_daily, course_day("fresh", today - timedelta(days=1), 30))
    publish(
        pipeline,
        tables.lesson_cohort,
        {"course_id": "fresh", "lesson_idx": 0, "cohort_day": today, "active": 9, "as_of": as_of},
    )
    for path in ("/", "/course/fresh"):
        assert "days ago" not in browser.get(path).text


def test_an_empty_site_says_what_to_do(browser: httpx.Client) -> None:
    text = text_of(browser.get("/"))
    assert "No course yet." in text
    assert "analytics keys create" in text
    assert "analytics run" in text


def test_an_empty_course_says_what_is_missing(browser: httpx.Client, pipeline: psycopg.Connection) -> None:
    publish(pipeline, tables.course_daily, course_day("empty", MARCH[0], 0, course_views=3))
    text = text_of(browser.get("/course/empty?range=all"))
    for sentence in (
        "No lesson activity in this course",
        "No learner was active on these days.",
        "No time was measured",
        "No quiz was attempted",
        "Nobody entered in these weeks",
        "No open signal.",
    ):
        assert sentence in text
    assert "Nothing happened in this course on these days" in text_of(
        browser.get("/course/empty?range=custom&from=2026-03-10&to=2026-03-20")
    )


@pytest.mark.usefixtures("algebra")
def test_the_list_leads_to_each_course_and_can_be_searched(
    browser: httpx.Client, pipeline: psycopg.Connection
) -> None:
    publish(pipeline, tables.course_daily, course_day("course-v1:edu/x+2026", MARCH[0], 30))
    page = browser.get("/")
    for link in re.findall(r'href="(/course/[^"]+)"', page.text):
        assert browser.get(link).status_code == 200, link
    assert "course-v1:edu/x+2026" in page.text
    assert "algebra" not in text_of(browser.get("/?search=edu"))
    assert "No course matches “nothing”" in text_of(browser.get("/?search=nothing"))


def test_the_list_goes_on_on_the_next_page(browser: httpx.Client, pipeline: psycopg.Connection) -> None:
    publish(pipeline, tables.course_daily, *(course_day(f"course-{i:02}", MARCH[0], 30) for i in range(30)))
    first = browser.get("/?search=course")
    following = re.search(r'href="(/\?[^"]+)">Next page', first.text)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&"))
    shown = re.findall(r">(course-\d\d)</a></th>", first.text + second.text)
    assert shown == [f"course-{i:02}" for i in range(30)]
    assert "Next page" not in second.text


@pytest.mark.usefixtures("algebra")
def test_an_error_is_a_page_with_a_sentence(browser: httpx.Client) -> None:
    page = browser.get("/course/nothing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "No event of the course nothing has been published." in page.text


@pytest.mark.usefixtures("algebra")
def test_definitions_stand_with_their_columns(browser: httpx.Client) -> None:
    text = text_of(browser.get("/definitions"))
    assert "lesson_cohort" in text
    assert "Learners whose furthest lesson this is" in text


@pytest.mark.usefixtures("algebra")
def test_pages_hold_no_inline_script_or_style_and_name_no_other_host(browser: httpx.Client) -> None:
    for path in ("/", "/course/algebra?range=all", "/definitions", "/signin"):
        page = browser.get(path).text
        assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]
        assert not re.search(r"\s(style|on\w+)=", page)
        assert not re.search(r'(?:src|href|action)="(?!/|\?|#)', page)
