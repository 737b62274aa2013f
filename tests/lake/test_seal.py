"""Sealing: what the inbox holds becomes files, and each event is there once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from analytics_pipeline.database.turn import Turn, TurnLostError
from analytics_pipeline.lake.catalogue import CatalogueChangedError, due_days, lake_days
from analytics_pipeline.lake.inbox import InboxRowsGoneError
from analytics_pipeline.lake.plan import plan_chunks
from analytics_pipeline.lake.seal import SealResult, seal_days
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.inbox import put_batch
from tests.lake.deliveries import FIRST, UTC_ZONE, Delivery, deliver, lake_rows


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def seal_numbered(run: PipelineRun, *numbers: int) -> SealResult:
    return seal_days(run, [day(number) for number in numbers], lambda _: None)


def held(run: PipelineRun, *numbers: int) -> list[tuple[str, int]]:
    rows = lake_rows(run, [day(number) for number in numbers])
    return [(row[1], (row[0] - FIRST).days) for row in rows]


def inbox_rows(run: PipelineRun) -> int:
    row = run.connection.execute("SELECT count(*) FROM ingest.inbox").fetchone()
    assert row is not None
    return int(row[0])


def duplicates(run: PipelineRun) -> list[tuple[Any, ...]]:
    return run.connection.execute(
        "SELECT day, course_id, event_type, duplicates FROM analytics.duplicate_count ORDER BY 1, 2, 3"
    ).fetchall()


def quarantined(run: PipelineRun) -> list[tuple[Any, ...]]:
    return run.connection.execute(
        "SELECT day, event_id, course_id, event_type, reason, body FROM ingest.quarantine ORDER BY day, body"
    ).fetchall()


def test_a_sealed_event_is_in_the_lake_as_it_was_stored_and_gone_from_the_inbox(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    event = Delivery(
        "a", 0, second=5, kind="quiz_passed", lesson=None, metadata='{"quizId":"ü","score":0.5}', skew=-7
    )
    anonymous = Delivery("b", 0, learner=None, course=None, lesson=None, kind="course_view")
    put(event, anonymous)
    result = seal_numbered(run, 0)
    assert lake_rows(run, [day(0)]) == sorted([event.row(UTC_ZONE), anonymous.row(UTC_ZONE)], key=str)
    assert inbox_rows(run) == 0
    row = lake_days(run.connection, [day(0)])[day(0)]
    assert result.sealed[day(0)].row == row
    assert (row.version, row.events, len(row.files), row.published_version) == (1, 2, 1, None)
    assert row.bytes == run.lake.size(row.files) > 0


def test_one_day_of_a_batch_is_sealed_without_the_other(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0), Delivery("b", 3))
    seal_numbered(run, 0)
    assert (held(run, 0, 3), inbox_rows(run)) == ([("a", 0)], 1)
    seal_numbered(run, 3)
    assert (held(run, 0, 3), inbox_rows(run)) == ([("a", 0), ("b", 3)], 0)


def test_a_late_event_adds_a_part_and_raises_the_version(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0))
    seal_numbered(run, 0)
    before = lake_days(run.connection, [day(0)])[day(0)]
    put(Delivery("b", 0))
    seal_numbered(run, 0)
    after = lake_days(run.connection, [day(0)])[day(0)]
    assert (after.version, after.files[:1], len(after.files), after.events) == (2, before.files, 2, 2)


def test_a_day_without_anything_is_noted_as_looked_at_once(run: PipelineRun) -> None:
    for _ in range(2):
        result = seal_numbered(run, 0, 1)
        assert [result.sealed[day(n)].row.version for n in (0, 1)] == [1, 1]
    assert lake_days(run.connection, [day(0)])[day(0)].files == []


def test_the_same_event_again_is_counted_as_a_duplicate_under_its_day_course_and_type(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    event = Delivery("a", 0)
    put(event, event, Delivery("b", 0, course=None, lesson=None, kind="course_view"))
    seal_numbered(run, 0)
    put(replace(event, received=9), Delivery("b", 0, course=None, lesson=None, kind="course_view"))
    result = seal_numbered(run, 0)
    assert held(run, 0) == [("a", 0), ("b", 0)]
    assert duplicates(run) == [
        (day(0), "course-1", "lesson_viewed", 2),
        (day(0), None, "course_view", 1),
    ]
    assert quarantined(run) == []
    row = result.sealed[day(0)].row
    assert (row.version, row.events, row.duplicates, len(row.files)) == (1, 2, 3, 1)
    assert row == lake_days(run.connection, [day(0)])[day(0)]
    assert inbox_rows(run) == 0


def test_a_first_seal_that_finds_only_duplicates_leaves_a_day_without_files(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(Delivery("a", 0, second=86_399))
    seal_numbered(run, 0)
    put(Delivery("a", 1, second=1, skew=2_000_000))
    row = seal_numbered(run, 1).sealed[day(1)].row
    assert (row.version, row.files, row.events, row.duplicates) == (1, [], 0, 1)


def test_key_order_and_spelling_of_numbers_in_metadata_make_no_conflict(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(Delivery("a", 0, metadata='{"score": 1.50, "quizId": "q", "n": [1, true]}'))
    put(Delivery("a", 0, metadata='{"quizId": "q", "n": [1.0, true], "score": 15e-1}', received=1))
    put(Delivery("a", 0, metadata='{"quizId": "q", "n": [true, true], "score": 1.5}', received=2))
    seal_numbered(run, 0)
    assert [row[3] for row in duplicates(run)] == [1]
    assert len(quarantined(run)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "lesson_time"},
        {"learner": None},
        {"course": "course-2"},
        {"lesson": 2},
        {"second": 1},
        {"skew": 1},
        {"metadata": '{"a": 1}'},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_id_with_another_field_goes_to_quarantine_once_and_the_first_received_stands(
    run: PipelineRun, put: Callable[..., None], change: dict[str, Any]
) -> None:
    first = Delivery("a", 0, second=7, received=1)
    other = replace(first, received=2, **change)
    put(other, other)
    put(first)
    seal_numbered(run, 0)
    put(replace(other, received=3))
    seal_numbered(run, 0)
    assert lake_rows(run, [day(0)]) == [first.row(UTC_ZONE)]
    (row,) = quarantined(run)
    assert row[:5] == (day(0), "a", other.course, other.kind, "conflict")
    assert b'"id":"a"' in row[5]
    assert duplicates(run) == []


def test_a_resent_event_whose_corrected_clock_moved_it_over_midnight_is_a_duplicate(
    run: PipelineRun, put: Callable[..., None]
) -> None:
    put(Delivery("a", 0, second=86_399, received=1))
    put(Delivery("a", 1, second=0, skew=1_000_000, received=2))
    seal_numbered(run, 0, 1)
    assert held(run, 0, 1) == [("a", 0)]
    assert duplicates(run) == [(day(1), "course-1", "lesson_viewed", 1)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_order_in_which_neighbouring_days_are_sealed_does_not_matter(
    run: PipelineRun, put: Callable[..., None], order: tuple[int, int]
) -> None:
    put(Delivery("a", 0, received=2), Delivery("b", 1, received=2))
    put(Delivery("a", 1, received=1), Delivery("b", 0, received=3))
    for number in order:
        seal_numbered(run, number)
    assert held(run, 0, 1) == [("a", 1), ("b", 1)]
    assert len(quarantined(run)) == 2


def test_an_id_may_return_two_days_later(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0), Delivery("a", 2, received=1))
    seal_numbered(run, 2, 0)
    assert held(run, 0, 2) == [("a", 0), ("a", 2)]


def test_what_a_day_leaves_out_may_hang_on_days_far_away(run: PipelineRun, put: Callable[..., None]) -> None:
    for number in range(5):
        put(Delivery("a", number, received=number))
    seal_numbered(run, 4)
    seal_numbered(run, 3)
    seal_numbered(run, 0, 1, 2)
    assert held(run, *range(5)) == [("a", 0), ("a", 2), ("a", 4)]


@pytest.fixture
def put_raw(database: Database) -> Callable[[date, bytes, int], None]:
    def put_raw(day: date, payload: bytes, events: int) -> None:
        with database.connect("ingest") as connection:
            put_batch(connection, day, datetime.now(UTC), events, payload)

    return put_raw


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"no JSON at all\n", "line 2 of inbox row"),
        (b'{"event_id": "x"}\n', "line 2 of inbox row"),
        (b"\n", "line 2 of inbox row"),
        (b"", "line 2 of inbox row"),
        (Delivery("x", 2).line(UTC_ZONE) * 2, "more lines than it says"),
        (Delivery("x", 2, kind="lesson_deleted").line(UTC_ZONE), "lesson_deleted"),
        (Delivery("x", 2, metadata="[]").line(UTC_ZONE), "metadata"),
        (Delivery("x", 1).line(UTC_ZONE), "outside the day"),
    ],
)
def test_a_day_with_a_line_that_is_no_event_stays_in_the_inbox_and_says_where_while_others_are_sealed(
    run: PipelineRun,
    put: Callable[..., None],
    put_raw: Callable[[date, bytes, int], None],
    line: bytes,
    says: str,
) -> None:
    put(*(Delivery(f"{n}", n) for n in (0, 1, 3)))
    put_raw(day(2), Delivery("good", 2).line(UTC_ZONE) + line, 2)
    result = seal_numbered(run, 0, 1, 2, 3)
    assert set(result.sealed) == {day(0), day(1), day(3)}
    assert says in result.failures[day(2)]
    assert "stay in ingest.inbox" in result.failures[day(2)]
    assert inbox_rows(run) == 1
    assert held(run, 0, 1, 2, 3) == [("0", 0), ("1", 1), ("3", 3)]
    rows = lake_days(run.connection, [day(n) for n in range(4)])
    named = {name for row in rows.values() for name in row.files}
    assert set(run.lake.written_before(datetime.now(UTC) + timedelta(hours=1))) == named


def test_a_key_that_this_version_does_not_know_is_not_dropped_in_silence(
    run: PipelineRun, put_raw: Callable[[date, bytes, int], None]
) -> None:
    put_raw(day(0), Delivery("a", 0).line(UTC_ZONE).replace(b"}\n", b', "content_version": 2}\n'), 1)
    assert "content_version" in seal_numbered(run, 0).failures[day(0)]
    assert inbox_rows(run) == 1


def test_a_pruned_day_is_refused_and_its_inbox_rows_stay(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0))
    seal_numbered(run, 0)
    run.connection.execute("UPDATE analytics.lake_day SET pruned_at = now()")
    put(Delivery("b", 0), Delivery("c", 1))
    result = seal_numbered(run, 0, 1)
    assert "was pruned" in result.failures[day(0)]
    assert list(result.sealed) == [day(1)]
    assert inbox_rows(run) == 1


def test_without_the_turn_nothing_is_committed(run: PipelineRun, put: Callable[..., None]) -> None:
    put(Delivery("a", 0))
    late = replace(run, turn=Turn("a-zombie", run.turn.epoch - 1))
    with pytest.raises(TurnLostError):
        seal_numbered(late, 0)
    with pytest.raises(TurnLostError):
        seal_numbered(late, 1)
    assert (inbox_rows(run), lake_days(run.connection, [day(0), day(1)])) == (1, {})
    seal_numbered(run, 0)
    assert held(run, 0) == [("a", 0)]


def test_a_batch_that_commits_between_the_read_and_the_seals_commit_is_neither_lost_nor_doubled(
    run: PipelineRun, put: Callable[..., None], database: Database
) -> None:
    put(Delivery("early", 0))
    with database.connect("ingest", autocommit=False) as in_flight:
        deliver(in_flight, [Delivery("in-flight", 0, received=1)], UTC_ZONE)

        class CommitsTheOtherFirst(Turn):
            def check(self, connection: psycopg.Connection) -> None:
                in_flight.commit()
                super().check(connection)

        turn = CommitsTheOtherFirst(run.turn.run_id, run.turn.epoch)
        seal_numbered(replace(run, turn=turn), 0)
    assert (held(run, 0), inbox_rows(run)) == ([("early", 0)], 1)
    assert due_days(run.connection, day(1)) == [day(0)]
    seal_numbered(run, 0)
    assert (held(run, 0), inbox_rows(run)) == ([("early", 0), ("in-flight", 0)], 0)


def test_rows_that_vanish_while_they_are_sealed_stop_the_commit(
    run: PipelineRun, put: Callable[..., None], database: Database
) -> None:
    put(Delivery("a", 0))

    class RemovesARow(Turn):
        def check(self, connection: psycopg.Connection) -> None:
            with database.connect("pipeline") as other:
                other.execute("DELETE FROM ingest.inbox")
            super().check(connection)

    with pytest.raises(InboxRowsGoneError, match="1 of 1"):
        seal_numbered(replace(run, turn=RemovesARow(run.turn.run_id, run.turn.epoch)), 0)
    assert lake_days(run.connection, [day(0)]) == {}


def test_a_catalogue_that_moved_meanwhile_stops_the_commit(
    run: PipelineRun, put: Callable[..., None], database: Database
) -> None:
    put(Delivery("a", 0))
    seal_numbered(run, 0)
    put(Delivery("b", 0))

    class MovesTheCatalogue(Turn):
        def check(self, connection: psycopg.Connection) -> None:
            with database.connect("pipeline") as other:
                other.execute("UPDATE analytics.lake_day SET files = '{}'")
            super().check(connection)

    with pytest.raises(CatalogueChangedError, match="run these days again"):
        seal_numbered(replace(run, turn=MovesTheCatalogue(run.turn.run_id, run.turn.epoch)), 0)
    assert inbox_rows(run) == 1


def test_days_follow_the_sites_zone(run: PipelineRun, database: Database, put: Callable[..., None]) -> None:
    paris = replace(run, settings=run.settings.model_copy(update={"timezone": "Europe/Paris"}))
    zone = ZoneInfo("Europe/Paris")
    with database.connect("ingest") as connection:
        deliver(connection, [Delivery("first", 30), Delivery("last", 30, second=23 * 3600 - 1)], zone)
    assert seal_numbered(paris, 30).failures == {}
    put(Delivery("utc-evening", 40, second=86_399))
    assert "outside the day" in seal_numbered(paris, 40).failures[day(40)]


def test_progress_is_told_in_days_and_a_failed_one_is_not_called_sealed(
    run: PipelineRun, put: Callable[..., None], put_raw: Callable[[date, bytes, int], None]
) -> None:
    put(Delivery("a", 0), Delivery("b", 1))
    lines: list[str] = []
    seal_days(run, [day(0), day(1), day(2)], lines.append)
    put(Delivery("c", 1))
    put_raw(day(2), b"no JSON at all\n", 1)
    seal_days(run, [day(0), day(1), day(2)], lines.append)
    assert lines == [
        "Sealed 2 of 2 days, through 2024-03-02.",
        "Sealed 1 of 2 days, through 2024-03-03; 1 failed.",
    ]


def test_chunks_hold_many_small_days_and_a_huge_day_alone() -> None:
    sizes = dict(zip((day(n) for n in range(6)), [4, 5, 20, 1, 1, 9], strict=True))
    assert [[(d - FIRST).days for d in chunk] for chunk in plan_chunks(sizes, 10, 2)] == [
        [0, 1],
        [2],
        [3, 4],
        [5],
    ]


def test_a_run_needs_a_connection_in_autocommit_mode(run: PipelineRun, database: Database) -> None:
    with (
        database.connect("pipeline", autocommit=False) as connection,
        pytest.raises(ValueError, match="autocommit"),
    ):
        replace(run, connection=connection)
