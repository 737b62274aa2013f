"""Published rows are replaced as a whole or not at all, and numbers that change leave a trace."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from analytics_pipeline.database.checks import Check, CheckFailedError
from analytics_pipeline.database.cohort_scope import CohortScope
from analytics_pipeline.database.new_rows import NewRows, published_columns
from analytics_pipeline.database.publish import DayScope, Published, publish
from analytics_pipeline.database.tables import (
    course_daily,
    course_funnel,
    event_day,
    lesson_daily,
    quiz_cohort,
)
from analytics_pipeline.database.turn import Turn, TurnLostError, hold_turn
from tests.conftest import Database

MONDAY, TUESDAY = date(2024, 3, 4), date(2024, 3, 5)
AS_OF = datetime(2024, 3, 6, tzinfo=UTC)
SITE = "America/New_York"


@dataclass
class Desk:
    """A run at its desk: a connection of the pipeline, the turn, and a folder for its CSV files."""

    connection: psycopg.Connection
    turn: Turn
    folder: Path

    def rows(self, table: Any, *lines: str, cohorts: list[tuple[str, date]] | None = None) -> NewRows:
        csv = self.folder / f"{table.name}.csv"
        csv.write_text("".join(f"{line}\n" for line in (",".join(published_columns(table)), *lines)))
        return NewRows(table, csv, cohorts)

    def publish(
        self, scope: Any, *new_rows: NewRows, checks: tuple[Check, ...] = (), **more: Any
    ) -> Published:
        return publish(
            self.connection,
            turn=self.turn,
            scope=scope,
            new_rows=new_rows,
            checks=checks,
            cause="late events",
            **more,
        )

    def all(self, query: str, *parameters: object) -> list[Any]:
        return self.connection.execute(query.encode(), parameters).fetchall()

    def revisions(self) -> list[Any]:
        return self.all(
            "SELECT table_name, key, metric, old_value, new_value, cause, run_id"
            " FROM analytics.metric_revision"
            ' ORDER BY key::text COLLATE "C", metric'
        )

    def was_published(self, day: date, at: datetime) -> None:
        """As if `day` had been sealed, and published at this moment."""
        self.connection.execute(
            "INSERT INTO analytics.lake_day (day, version, files, events, bytes, duplicates, learner_files,"
            " published_version, reconciled_at) VALUES (%s, 1, '{}', 0, 0, 0, '{}', 1, %s)",
            [day, at],
        )


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    with database.connect("owner") as owner:
        owner.execute("UPDATE analytics.site SET timezone = %s", [SITE])
    with (
        hold_turn(database.urls.pipeline, "run 1", has_ended=lambda _: False, on_wait=print) as turn,
        database.connect("pipeline") as connection,
    ):
        yield Desk(connection, turn, tmp_path)


def course_line(course: str, day: date, learners: int) -> str:
    return f"{course},{day},{learners},1,2,3,4,5,6,7,8,9"


def funnel_line(course: str, cohort_day: date, entered: int, as_of: datetime = AS_OF) -> str:
    return f"{course},completion,{cohort_day},{entered},3,,3,1,0,,2,1,,,,,,,,{as_of.isoformat()}"


def test_the_rows_of_a_course_lie_together_on_the_disk(desk: Desk) -> None:
    lines = [funnel_line(course, day, 10) for day in (MONDAY, TUESDAY) for course in ("b", "a", "c")]
    desk.publish(CohortScope(), desk.rows(course_funnel, *lines))
    placed = [course for (course,) in desk.all("SELECT course_id FROM analytics.course_funnel ORDER BY ctid")]
    assert placed == ["a", "a", "b", "b", "c", "c"]


def test_new_rows_take_the_place_of_the_scope_and_nothing_else(desk: Desk) -> None:
    desk.publish(
        DayScope([MONDAY, TUESDAY]),
        desk.rows(
            course_daily,
            course_line("a", MONDAY, 10),
            course_line("b", MONDAY, 11),
            course_line("a", TUESDAY, 12),
        ),
    )
    done = desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 20)))
    assert done.rows == {"course_daily": 1}
    assert desk.all("SELECT course_id, day, learners FROM analytics.course_daily ORDER BY day") == [
        ("a", MONDAY, 20),
        ("a", TUESDAY, 12),
    ]


def test_every_row_carries_the_run_and_the_moment_of_its_transaction(desk: Desk) -> None:
    desk.publish(
        DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 10), course_line("b", MONDAY, 1))
    )
    assert desk.all(
        "SELECT DISTINCT run_id, computed_at > now() - interval '1 minute' FROM analytics.course_daily"
    ) == [("run 1", True)]


def test_nulls_arrays_quotes_and_histograms_arrive_as_they_are(desk: Desk) -> None:
    hours = "{" + ",".join(["1"] * 25) + "}"
    histogram = json.dumps({"3": 1}).replace('"', '""')
    course = 'a "quoted", course\nof two lines'
    line = f'"{course.replace(chr(34), chr(34) * 2)}",0,{MONDAY},1,1,0,0,0,0,0,0,,,"{histogram}","{hours}"'
    desk.publish(DayScope([MONDAY]), desk.rows(lesson_daily, line))
    assert desk.all(
        "SELECT course_id, active_ms_median, active_ms_hist, views_by_hour FROM analytics.lesson_daily"
    ) == [(course, None, {"3": 1}, [1] * 25)]


def test_a_csv_whose_header_is_not_the_tables_is_refused(desk: Desk) -> None:
    csv = desk.folder / "wrong.csv"
    csv.write_text("course_id,day\na,2024-03-04\n")
    with pytest.raises(psycopg.errors.BadCopyFileFormat):
        desk.publish(DayScope([MONDAY]), NewRows(course_daily, csv))


def test_rows_outside_of_the_scope_are_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"analytics\.course_daily lie outside"):
        desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", TUESDAY, 1)))
    with pytest.raises(ValueError, match=r"analytics\.course_funnel lie outside"):
        desk.publish(
            CohortScope(), desk.rows(course_funnel, funnel_line("a", MONDAY, 4), cohorts=[("a", TUESDAY)])
        )


def test_a_broken_check_leaves_the_old_rows_and_reports_every_check(desk: Desk) -> None:
    desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 10)))
    holds = Check("rows", "There are rows.", "SELECT (count(*) = 0)::int FROM new_course_daily")
    fails = Check(
        "no fall",
        "No course loses learners: 100 % of them stay.",
        "SELECT count(*) FROM new_course_daily n JOIN analytics.course_daily USING (course_id, day)"
        " WHERE n.learners < course_daily.learners",
    )
    new = desk.rows(course_daily, course_line("a", MONDAY, 9))
    with pytest.raises(
        CheckFailedError, match=r"the old numbers stand: violations of no fall \(1\)\."
    ) as failed:
        desk.publish(
            DayScope([MONDAY]), new, checks=(fails, holds), after=lambda *_: pytest.fail("was called")
        )
    assert [(result.name, result.violations, result.passed) for result in failed.value.results] == [
        ("no fall", 1, False),
        ("rows", 0, True),
    ]
    assert desk.all("SELECT learners FROM analytics.course_daily") == [(10,)]
    done = desk.publish(DayScope([MONDAY]), new, checks=(holds,))
    assert [result.passed for result in done.checks] == [True]


def test_a_course_that_breaks_a_check_is_set_aside_with_its_old_rows_and_stops_no_other(desk: Desk) -> None:
    everyone = CohortScope()
    desk.publish(
        everyone, desk.rows(course_funnel, *(funnel_line(course, MONDAY, 4) for course in ("a", "b", "gone")))
    )
    few = Check(
        "few", "At most 9.", "SELECT course_id FROM new_course_funnel WHERE entered > 9", by_course=True
    )
    new = desk.rows(course_funnel, funnel_line("a", MONDAY, 10), funnel_line("b", MONDAY, 5))
    done = desk.publish(everyone, new, checks=(few,))
    assert done.set_aside == ["a"]
    assert [(each.violations, each.courses) for each in done.checks] == [(1, ("a",))]
    assert desk.all("SELECT course_id, entered FROM analytics.course_funnel ORDER BY 1") == [
        ("a", 4),
        ("b", 5),
    ]
    assert {key["course_id"] for _, key, *_ in desk.revisions()} == {"b", "gone"}
    with pytest.raises(CheckFailedError, match=r"violations of few \(1\)"):
        desk.publish(everyone, desk.rows(course_funnel, funnel_line("a", MONDAY, 10)), checks=(few,))
    assert len(desk.all("SELECT FROM analytics.course_funnel")) == 2


def test_what_comes_after_belongs_to_the_same_transaction(desk: Desk) -> None:
    def after(connection: psycopg.Connection, _: Published) -> None:
        assert connection.execute("SELECT count(*) FROM analytics.course_daily").fetchone() == (1,)
        connection.execute("SELECT 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 1)), after=after)
    assert desk.all("SELECT * FROM analytics.course_daily") == []


def test_a_run_that_lost_its_turn_publishes_nothing(desk: Desk) -> None:
    desk.connection.execute("UPDATE analytics.turn SET epoch = epoch + 1")
    with pytest.raises(TurnLostError):
        desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 1)))
    assert desk.all("SELECT * FROM analytics.course_daily") == []


def test_a_publication_inside_of_another_transaction_is_a_mistake_that_is_named(desk: Desk) -> None:
    with desk.connection.transaction(), pytest.raises(RuntimeError, match="transaction of its own"):
        desk.publish(DayScope([MONDAY]), desk.rows(course_daily))


def test_readers_see_the_old_or_the_new_rows_and_never_none(desk: Desk, database: Database) -> None:
    desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 1)))
    with database.connect("admin") as reader:

        def look(*_: object) -> None:
            assert reader.execute("SELECT learners FROM analytics.course_daily").fetchall() == [(1,)]

        desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 2)), after=look)
        assert reader.execute("SELECT learners FROM analytics.course_daily").fetchall() == [(2,)]


def test_a_number_of_a_complete_day_that_changes_is_recorded_with_old_and_new(desk: Desk) -> None:
    desk.publish(
        DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 10), course_line("b", MONDAY, 1))
    )
    desk.was_published(MONDAY, at=datetime(2024, 3, 5, 7, tzinfo=UTC))
    done = desk.publish(
        DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 12), course_line("b", MONDAY, 1))
    )
    assert done.revisions == 1
    key = {"course_id": "a", "day": "2024-03-04"}
    assert desk.revisions() == [("course_daily", key, "learners", "10", "12", "late events", "run 1")]


def test_publishing_the_same_rows_again_records_nothing(desk: Desk) -> None:
    new = desk.rows(course_daily, course_line("a", MONDAY, 10))
    desk.publish(DayScope([MONDAY]), new)
    desk.was_published(MONDAY, at=datetime(2024, 3, 6, tzinfo=UTC))
    before = desk.all("SELECT course_id, day, learners, refunds FROM analytics.course_daily")
    assert desk.publish(DayScope([MONDAY]), new).revisions == 0
    assert desk.all("SELECT course_id, day, learners, refunds FROM analytics.course_daily") == before


def test_rows_that_appear_or_vanish_on_a_complete_day_are_recorded_too(desk: Desk) -> None:
    desk.publish(DayScope([MONDAY]), desk.rows(event_day, f"{MONDAY},,course_view,5,5,0,0,0,0"))
    desk.was_published(MONDAY, at=datetime(2024, 3, 6, tzinfo=UTC))
    done = desk.publish(DayScope([MONDAY]), desk.rows(event_day, f"{MONDAY},a,enroll,1,0,0,7,0,0"))
    vanished = {"course_id": None, "day": "2024-03-04", "event_type": "course_view"}
    appeared = {"course_id": "a", "day": "2024-03-04", "event_type": "enroll"}
    assert done.revisions == 10
    assert [row[1:5] for row in desk.revisions() if row[2] == "events"] == [
        (appeared, "events", None, "1"),
        (vanished, "events", "5", None),
    ]


def test_repeated_deliveries_alone_are_no_revision(desk: Desk) -> None:
    desk.publish(DayScope([MONDAY]), desk.rows(event_day, f"{MONDAY},,course_view,5,5,0,0,0,0"))
    desk.was_published(MONDAY, at=datetime(2024, 3, 6, tzinfo=UTC))
    assert (
        desk.publish(DayScope([MONDAY]), desk.rows(event_day, f"{MONDAY},,course_view,5,5,0,9,0,0")).revisions
        == 0
    )


@pytest.mark.parametrize(
    ("published_at", "revisions"),
    [
        (datetime(2024, 3, 5, 4, 59, 59, tzinfo=UTC), 0),
        (datetime(2024, 3, 5, 5, 0, 0, tzinfo=UTC), 1),
    ],
    ids=["one second before midnight of the site", "at midnight of the site"],
)
def test_a_day_is_complete_when_it_ended_in_the_sites_zone(
    desk: Desk, published_at: datetime, revisions: int
) -> None:
    desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 10)))
    desk.was_published(MONDAY, at=published_at)
    done = desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 11)))
    assert done.revisions == revisions


def test_the_first_publication_of_a_day_records_nothing(desk: Desk) -> None:
    assert (
        desk.publish(DayScope([MONDAY]), desk.rows(course_daily, course_line("a", MONDAY, 1))).revisions == 0
    )


def test_cohort_numbers_are_compared_where_as_of_stood_still(desk: Desk) -> None:
    courses = CohortScope()
    later = AS_OF + timedelta(days=1)
    desk.publish(courses, desk.rows(course_funnel, funnel_line("a", MONDAY, 4), funnel_line("b", MONDAY, 7)))
    done = desk.publish(
        courses, desk.rows(course_funnel, funnel_line("a", MONDAY, 5), funnel_line("a", TUESDAY, 1, later))
    )
    key = {"course_id": "a", "funnel": "completion", "cohort_day": "2024-03-04"}
    changed = [row[1:5] for row in desk.revisions() if row[2] == "entered"]
    gone = {"course_id": "b", "funnel": "completion", "cohort_day": "2024-03-04"}
    assert changed == [(key, "entered", "4", "5"), (gone, "entered", "7", None)]
    assert done.revisions == len(desk.revisions())


def test_cohort_numbers_move_with_as_of_without_a_revision(desk: Desk) -> None:
    desk.publish(CohortScope(), desk.rows(course_funnel, funnel_line("a", MONDAY, 4)))
    later = AS_OF + timedelta(days=1)
    new = desk.rows(course_funnel, funnel_line("a", MONDAY, 5, later), funnel_line("a", TUESDAY, 5, later))
    assert desk.publish(CohortScope(), new).revisions == 0
    assert desk.all("SELECT entered, as_of FROM analytics.course_funnel") == [(5, later), (5, later)]


def test_cohorts_beside_those_of_the_new_rows_keep_theirs(desk: Desk) -> None:
    standing = [("a", MONDAY), ("a", TUESDAY), ("b", MONDAY)]
    desk.publish(CohortScope(), desk.rows(course_funnel, *(funnel_line(*each, 4) for each in standing)))
    new = desk.rows(course_funnel, cohorts=[("a", MONDAY), ("b", TUESDAY)])
    done = desk.publish(CohortScope(), new)
    assert (done.rows, done.moved_since) == ({"course_funnel": 2}, MONDAY)
    assert desk.all("SELECT course_id, cohort_day FROM analytics.course_funnel ORDER BY 1") == standing[1:]


def test_a_cohort_whose_numbers_are_the_same_keeps_its_as_of_and_its_moment(desk: Desk) -> None:
    desk.publish(
        CohortScope(),
        desk.rows(course_funnel, funnel_line("a", MONDAY, 4), funnel_line("a", TUESDAY, 4)),
    )
    before = dict(desk.all("SELECT cohort_day, (as_of, computed_at)::text FROM analytics.course_funnel"))
    later = AS_OF + timedelta(days=1)
    done = desk.publish(
        CohortScope(),
        desk.rows(course_funnel, funnel_line("a", MONDAY, 4, later), funnel_line("a", TUESDAY, 5, later)),
    )
    after = dict(desk.all("SELECT cohort_day, (as_of, computed_at)::text FROM analytics.course_funnel"))
    assert (after[MONDAY] == before[MONDAY], after[TUESDAY] == before[TUESDAY]) == (True, False)
    assert (done.rows, done.moved_since) == ({"course_funnel": 2}, TUESDAY)


def test_a_row_that_did_not_move_is_compared_as_of_the_last_publication_save_of_stale_courses(
    desk: Desk,
) -> None:
    later = AS_OF + timedelta(days=1)
    standing = [funnel_line(course, MONDAY, 4) for course in ("a", "stale")]
    desk.publish(CohortScope(), desk.rows(course_funnel, *standing))
    desk.publish(
        CohortScope(standing_as_of=later, stale=["stale"]),
        desk.rows(course_funnel, *(funnel_line(course, MONDAY, 5, later) for course in ("a", "stale"))),
    )
    changed = [
        (key["course_id"], old, new)
        for _, key, metric, old, new, *_ in desk.revisions()
        if metric == "entered"
    ]
    assert changed == [("a", "4", "5")]


def test_where_some_cohorts_are_published_all_of_their_courses_may_be_set_aside(desk: Desk) -> None:
    desk.publish(
        CohortScope(), desk.rows(course_funnel, funnel_line("a", MONDAY, 4), funnel_line("b", MONDAY, 4))
    )
    never = Check("never", "No b.", "SELECT course_id FROM new_course_funnel", by_course=True)
    new = desk.rows(course_funnel, funnel_line("b", MONDAY, 5), cohorts=[("b", MONDAY)])
    done = desk.publish(CohortScope(), new, checks=(never,))
    assert (done.set_aside, done.moved_since) == (["b"], None)
    assert desk.all("SELECT DISTINCT entered FROM analytics.course_funnel") == [(4,)]


def test_a_hundred_thousand_rows_with_nullable_keys_are_compared_in_seconds(desk: Desk) -> None:
    """A join on keys that may be null was once planned as a nested loop; this would then take hours."""
    lines = [
        f"course {n % 50},quiz {n // 50},,{MONDAY},9,8,7,{n},{AS_OF.isoformat()}" for n in range(100_000)
    ]
    desk.publish(CohortScope(), desk.rows(quiz_cohort, *lines))
    desk.connection.execute("SET statement_timeout = '30s'")
    done = desk.publish(CohortScope(), desk.rows(quiz_cohort, *lines[1:]))
    assert done.rows == {"quiz_cohort": 99_999}
    assert done.revisions == 4
