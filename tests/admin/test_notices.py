"""What stands above the numbers of a page: a failed run, a publication that failed, numbers that are old."""

from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.admin.answers.base import PublicationFailure
from analytics_pipeline.admin.dashboard.notices import age_notices, failure_notices
from analytics_pipeline.database import tables
from tests.admin.rows import A_RUN, COMPUTED_AT, RUN_ID, course_day, publish

DAY = date(2026, 3, 2)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def failure(
    day: date | None = None, course_id: str | None = None, message: str = "a total differs.", hours: int = 0
) -> PublicationFailure:
    return PublicationFailure(
        day=day,
        course_id=course_id,
        message=message,
        run_id=RUN_ID,
        failed_at=COMPUTED_AT + timedelta(hours=hours),
    )


def told(*failures: PublicationFailure) -> list[str]:
    return [notice.headline for notice in failure_notices(failures)]


def test_nothing_is_said_where_nothing_failed() -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("failures", "headlines"),
    [
        ([failure(DAY)], ["The activity of 2 Mar 2026 could not be published."]),
        (
            [failure(DAY + timedelta(days=6)), failure(DAY), failure(DAY + timedelta(days=2))],
            ["The activity of 3 days from 2 Mar 2026 to 8 Mar 2026 could not be published."],
        ),
        (
            [failure(course_id="algebra")],
            ["The drop-off, funnels and quizzes of the course algebra could not be published."],
        ),
        (
            [failure(course_id="algebra"), failure(course_id="geometry")],
            ["The drop-off, funnels and quizzes of 2 courses could not be published."],
        ),
        (
            [failure(course_id="algebra"), failure()],
            ["The drop-off, funnels and quizzes of all courses could not be published."],
        ),
        (
            [failure(course_id="algebra"), failure(DAY)],
            [
                "The activity of 2 Mar 2026 could not be published.",
                "The drop-off, funnels and quizzes of the course algebra could not be published.",
            ],
        ),
    ],
)
def test_the_headline_names_what_keeps_its_old_numbers(
    failures: list[PublicationFailure], headlines: list[str]
) -> None:
    assert told(*failures) == headlines


def test_of_several_reasons_the_newest_is_told() -> None:
    failures = [
        failure(DAY, message="an old reason", hours=1),
        failure(DAY + timedelta(days=1), message="completions exceed learners.", hours=3),
        failure(DAY + timedelta(days=2), message="a reason between", hours=2),
    ]
    (notice,) = failure_notices(failures)
    assert notice.advice == "What was published before stands. The reason: completions exceed learners."


@given(today=DAYS, complete=DAYS)
def test_numbers_are_called_old_from_the_third_day_on(today: date, complete: date) -> None:
    notices = list(age_notices(complete, today))
    if complete + timedelta(days=3) <= today:
        (notice,) = notices
        assert f"{(today - complete).days} days ago" in notice.headline
    else:
        assert notices == []


def test_without_any_complete_day_nothing_is_old() -> None:
    assert list(age_notices(None, DAY)) == []


def test_every_page_with_numbers_tells_of_failures_that_touch_it(
    browser: httpx.Client, pipeline: psycopg.Connection
) -> None:
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=age) for age in (30, 1)]
    for course_id in ("algebra", "geometry"):
        publish(pipeline, tables.course_daily, *(course_day(course_id, day, 30) for day in days))
    publish(pipeline, tables.job_run, A_RUN)
    publish(
        pipeline,
        tables.publication_failure,
        {"day": None, "course_id": "algebra", "message": "finished > reach <b>", "failed_at": COMPUTED_AT},
    )
    pipeline.commit()
    of_algebra = "The drop-off, funnels and quizzes of the course algebra could not be published."
    for path in ("/", "/signals", "/course/algebra?range=all", "/course/geometry?range=all"):
        html = browser.get(path).text
        assert "The last run failed, 1 Apr 2026, 03:00." in html, path
        assert (of_algebra in html) == ("geometry" not in path), path
        assert "<b>" not in html.split("</h1>")[0].replace("&lt;b&gt;", ""), path
