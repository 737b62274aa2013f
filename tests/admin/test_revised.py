"""Which numbers of a course changed later: grouped by the run and its reason, without any value."""

from collections.abc import Callable
from datetime import date, timedelta

import psycopg

from analytics_pipeline.admin.dashboard.revised import read_course_revisions
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.database import tables
from analytics_pipeline.days import DayRange
from tests.admin.rows import COMPUTED_AT, a_revision, publish

MARCH = DayRange(date(2026, 3, 1), date(2026, 3, 31))
LATER = COMPUTED_AT + timedelta(days=1)


def key(**members: str) -> dict[str, dict[str, str]]:
    return {"key": {"course_id": "algebra", **members}}


def test_a_runs_changes_of_one_reason_are_told_together_the_newest_first(
    look: Callable[..., View], pipeline: psycopg.Connection
) -> None:
    publish(
        pipeline,
        tables.metric_revision,
        a_revision("algebra", **key(day="2026-03-04")),
        a_revision("algebra", **key(day="2026-03-02"), metric="views"),
        a_revision("algebra", **key(cohort_day="2026-03-09"), table_name="lesson_cohort", metric="stopped"),
        a_revision("algebra", **key(cohort_day="2026-03-05"), cause="definition change"),
        a_revision("algebra", **key(day="2026-03-06"), changed_at=LATER, run_id="a later run"),
        a_revision("algebra", **key(day="2026-02-28")),
        a_revision("geometry"),
    )
    later, *others = read_course_revisions(look(), "algebra", MARCH)
    assert (later.run_id, later.numbers, later.changed_at) == ("a later run", 1, LATER)
    told = {one.cause: one for one in others}
    assert told.keys() == {"late events", "definition change"}
    late = told["late events"]
    assert (late.numbers, late.first, late.last) == (3, date(2026, 3, 2), date(2026, 3, 9))
    assert late.metrics == "course_daily.learners, course_daily.views, lesson_cohort.stopped"
    assert told["definition change"].numbers == 1


def test_changes_of_other_days_and_courses_are_left_out_and_the_oldest_beyond_the_limit(
    look: Callable[..., View], pipeline: psycopg.Connection
) -> None:
    publish(
        pipeline,
        tables.metric_revision,
        *(
            a_revision("algebra", **key(day="2026-03-31"), run_id=f"run {n}", changed_at=at)
            for n, at in enumerate(COMPUTED_AT + timedelta(hours=hours) for hours in range(4))
        ),
        a_revision("algebra", **key(day="2026-04-01"), run_id="of April"),
        a_revision("algebra", **key(cohort_day="2026-02-28"), run_id="of February"),
    )
    found = read_course_revisions(look(), "algebra", MARCH, limit=3)
    assert [one.run_id for one in found] == ["run 3", "run 2", "run 1"]
    assert read_course_revisions(look(), "geometry", MARCH) == []
