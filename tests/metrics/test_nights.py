"""Nights that count only what moved: after every one of them the tables are those of counting everything."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from analytics_pipeline.database.checks import Check
from analytics_pipeline.days import DayRange, day_of
from analytics_pipeline.engine import Apart, ParquetFiles
from analytics_pipeline.erasure.erase import erase_learner
from analytics_pipeline.lake.schema import APART
from analytics_pipeline.metrics import cohort_counts
from analytics_pipeline.metrics import cohorts as cohort_tables
from analytics_pipeline.metrics.causes import LATE_EVENTS
from analytics_pipeline.metrics.changes import entries, lookup_files
from analytics_pipeline.metrics.changes import moved as moved_cohorts
from analytics_pipeline.metrics.changes.moved import Moved, find_moved
from analytics_pipeline.metrics.changes.since import MOST_CHANGED_DAYS
from analytics_pipeline.metrics.cohort_checks import COHORT_CHECKS
from analytics_pipeline.metrics.cohort_inputs import COURSES_APART
from analytics_pipeline.metrics.cohorts import publish_cohorts_as_of
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.course_life import FIRST, life
from tests.inbox import deliver
from tests.metrics import oracle, oracle_cohorts
from tests.metrics.nights import DAY, UNPUBLISHED, clear, event, published, put, through
from tests.metrics.oracle import Rows, Wire
from tests.metrics.oracle_cohorts import Asked
from tests.metrics.streams import PARIS, streams
from tests.metrics.tables import numbers
from tests.pipeline_runs import a_run

COUNTED = {
    "lesson_cohort": oracle_cohorts.lesson_cohort,
    "quiz_cohort": oracle_cohorts.quiz_cohort,
    "course_funnel": oracle_cohorts.course_funnel,
    "course_refund": oracle_cohorts.course_refund,
}
SHORT: dict[str, Any] = {
    "quiet_days": 2,
    "funnel_window_days": 5,
    "refund_window_days": 4,
    "first_day": FIRST,
}


WRONG = """
    UPDATE analytics.{table} SET {wrong}
     WHERE ctid = (SELECT ctid FROM analytics.{table} WHERE course_id = 'c1' ORDER BY cohort_day LIMIT 1)
"""


def asked_of(run: PipelineRun, as_of: date) -> Asked:
    settings = run.settings
    return Asked(
        zone=settings.zone,
        as_of_day=as_of,
        quiet_days=settings.quiet_days,
        window_days=settings.funnel_window_days,
        windows=settings.funnel_windows,
        refund_days=settings.refund_window_days,
    )


def assert_counted(database: Database, known: Sequence[Wire], asked: Asked) -> None:
    wanted = {table: count(known, asked) for table, count in COUNTED.items()}
    for table, rows in wanted.items():
        assert numbers(published(database, table)) == numbers(rows), (asked.as_of_day, table)
    found = {key: count for key, count in weeks(database).items() if count}
    assert found == weeks_counted(wanted["lesson_cohort"], wanted["course_funnel"])


def weeks(database: Database) -> dict[tuple[str, date, str], int]:
    return {
        (row["course_id"], row["week"], name): row[name]
        for row in published(database, "course_week")
        for name in ("learners", "enrolled", "completed", "mature", "mature_completed")
    }


def weeks_counted(lesson_cohort: Rows, course_funnel: Rows) -> dict[tuple[str, date, str], int]:
    counted: Counter[tuple[str, date, str]] = Counter()

    def add(row: Mapping[str, Any], **counts: int) -> None:
        day = row["cohort_day"]
        for name, count in counts.items():
            counted[row["course_id"], day - timedelta(days=day.weekday()), name] += count

    for row in lesson_cohort:
        add(row, learners=row["stopped"] + row["active"] + row["finished"])
    for row in course_funnel:
        if row["funnel"] == "completion":
            add(row, enrolled=row["entered"], completed=row["converted"])
            add(row, mature=row["mature"], mature_completed=row["mature_step_2"])
    return {key: count for key, count in counted.items() if count}


def arrive(database: Database, run: PipelineRun, wire: Iterable[Wire], as_of: date) -> None:
    """What arrives is taken through, as far as it is of days that are over; every day is looked at."""
    with database.connect("ingest") as connection:
        touched = deliver(connection, wire, run.settings)
    through(run, sorted({day for day in touched if day <= as_of} | {as_of}))


def by_arrival(stream: Mapping[date, list[Wire]], chance: random.Random) -> dict[date, list[Wire]]:
    """The events by the day on which they arrive: most on their own, some days late."""
    arrivals: dict[date, list[Wire]] = {day: [] for day in stream}
    for day, wire in stream.items():
        for each in wire:
            late = chance.choice([1, 3, 9]) if chance.random() < 0.04 else 0
            arrivals.get(day + timedelta(days=late), []).append(each)
    return arrivals


def changed(moved: Moved, table: str) -> set[tuple[str, date]]:
    assert moved.changes is not None
    assert moved.changes.rows[table].are_changes
    return set(moved.changes.rows[table].cohorts or [])


@pytest.mark.parametrize(("seed", "sizes"), [(1, (10_000_000, 0.5)), (2, (50, 100))])
def test_a_month_of_nights_with_late_events_is_each_night_what_counting_everything_gives(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, sizes: tuple[int, float]
) -> None:
    rows_at_once, recent_share = sizes
    parts = replace(COURSES_APART, rows_at_once=rows_at_once)
    monkeypatch.setattr(cohort_counts, "COURSES_APART", parts)
    monkeypatch.setattr(lookup_files, "RECENT_SHARE", recent_share)
    arrivals = by_arrival(life(seed, days=16, learners=45, events_a_day=40), random.Random(seed))
    known: list[Wire] = []
    with a_run(database, tmp_path, **SHORT, funnel_windows={"c2": 3}) as run:
        for number, (day, wire) in enumerate(arrivals.items()):
            known += wire
            arrive(database, run, wire, day)
            publication = publish_cohorts_as_of(run, day)
            assert publication.counted_all == (number == 0)
            assert_counted(database, known, asked_of(run, day))


def test_what_cannot_be_told_from_changed_days_is_counted_anew_and_nights_go_on_from_there(
    database: Database, tmp_path: Path
) -> None:
    stream = life(seed=4, days=12, learners=40, events_a_day=30)
    gone, breaking = "learner-12", [Check("of_the_test", "Breaks.", "VALUES ('c1')", by_course=True)]
    known: list[Wire] = []
    counted_all = []
    with a_run(database, tmp_path, **SHORT) as run:
        for number, (day, wire) in enumerate(stream.items()):
            if number == 3:
                run = replace(run, settings=run.settings.model_copy(update={"quiet_days": 3}))  # noqa: PLW2901
            if number == 5:
                long_ago = FIRST - timedelta(days=3)
                through(run, list(DayRange(long_ago, FIRST)))
                wire = [*wire, event(1, userId="learner-9", day=long_ago), event(2, "purchase", day=long_ago)]  # noqa: PLW2901
            known += [each for each in wire if each["userId"] != gone or number <= 6]
            arrive(database, run, wire, day)
            checks = [*COHORT_CHECKS, *breaking] if number in {8, 9} else COHORT_CHECKS
            with mock.patch.object(cohort_tables, "COHORT_CHECKS", checks):
                publication = publish_cohorts_as_of(run, day)
            counted_all.append(publication.counted_all)
            if number == 6:
                erase_learner(run, gone, lambda _: None)
                known = [each for each in known if each["userId"] != gone]
            if number not in {8, 9}:
                assert_counted(database, known, asked_of(run, day))
            assert publication.published.set_aside == (["c1"] if number in {8, 9} else [])
    assert [number for number, counted in enumerate(counted_all) if counted] == [0, 3]


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ("lesson_cohort", "viewers = viewers + 1, active = active + 1"),
        ("course_funnel", "entered = entered + 1, open = open + 1"),
        ("course_refund", "orders = orders + 1"),
    ],
)
def test_a_course_of_which_a_wrong_number_stands_is_set_aside_and_counted_anew_in_the_next_night(
    database: Database, tmp_path: Path, table: str, wrong: str
) -> None:
    stream = life(seed=5, days=7, learners=40, events_a_day=30)
    known: list[Wire] = []
    set_aside = []
    with a_run(database, tmp_path, **SHORT) as run:
        for number, (day, wire) in enumerate(stream.items()):
            known += wire
            arrive(database, run, wire, day)
            if number == 4:
                with database.connect("owner") as owner:
                    owner.execute(WRONG.format(table=table, wrong=wrong).encode())
            publication = publish_cohorts_as_of(run, day)
            assert publication.counted_all == (number == 0)
            set_aside.append(publication.published.set_aside)
            if number != 4:
                assert_counted(database, known, asked_of(run, day))
    assert set_aside == [["c1"] if number == 4 else [] for number in range(7)]


def cohorts(database: Database, table: str) -> dict[tuple[str, date], tuple[list[str], set[str]]]:
    """The numbers of each cohort, and the runs that its rows are of."""
    found: dict[tuple[str, date], tuple[Rows, set[str]]] = {}
    with database.connect("admin") as admin, admin.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(f"SELECT * FROM analytics.{table}").fetchall():  # noqa: S608  # a name of ours
            rows, runs = found.setdefault((row["course_id"], row["cohort_day"]), ([], set()))
            runs.add(row["run_id"])
            rows.append({name: value for name, value in row.items() if name not in UNPUBLISHED})
    return {key: (numbers(rows), runs) for key, (rows, runs) in found.items()}


def test_a_night_replaces_the_cohorts_that_moved_and_no_other(database: Database, tmp_path: Path) -> None:
    arrivals = by_arrival(life(seed=3, days=14, learners=60, events_a_day=25), random.Random(3))
    moved, stayed = Counter[str](), Counter[str]()
    with a_run(database, tmp_path, **SHORT) as run:
        for day, wire in arrivals.items():
            before = {table: cohorts(database, table) for table in COUNTED}
            arrive(database, run, wire, day)
            publish_cohorts_as_of(replace(run, turn=replace(run.turn, run_id=str(day))), day)
            for table, stood in before.items():
                for cohort, (counted, runs) in cohorts(database, table).items():
                    if cohort in stood and counted == stood[cohort][0]:
                        assert runs == stood[cohort][1] != {str(day)}, (day, table, cohort)
                        stayed[table] += 1
                    else:
                        assert runs == {str(day)}, (day, table, cohort)
                        moved[table] += 1
    assert all(moved[table] > 20 and stayed[table] > 20 for table in COUNTED)


def test_a_night_counts_only_the_cohorts_of_those_who_came_became_quiet_or_whose_window_ended(
    run: PipelineRun, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on(number: int) -> date:
        return DAY + timedelta(days=number)

    counted: list[Moved] = []

    def find(*given: Any) -> Moved:
        counted.append(find_moved(*given))
        return counted[-1]

    monkeypatch.setattr(cohort_counts, "find_moved", find)
    put(
        database,
        event(1, userId="u1"),
        event(2, userId="u2", day=on(1)),
        event(3, "enroll", userId="u2", lessonIdx=None, day=on(1)),
        event(4, userId="u3", courseId="c2"),
        event(5, userId="u1", day=on(20)),
    )
    first_nights = [on(number) for number in range(20)]
    through(run, [*first_nights, on(20), on(90)])
    publish_cohorts_as_of(run, on(5))
    publish_cohorts_as_of(run, on(6))
    # In the next night u1 and u3 are quiet; then u2 is; then u1 comes again; then the window of u2 is over.
    expected = {
        on(7): ({("c1", DAY), ("c2", DAY)}, set[Any]()),
        on(8): ({("c1", on(1))}, set[Any]()),
        on(19): (set[Any](), set[Any]()),
        on(20): ({("c1", DAY)}, set[Any]()),
    }
    for as_of in expected:
        assert not publish_cohorts_as_of(run, as_of).counted_all
    assert counted[0].changes is None
    found = [(changed(each, "lesson_cohort"), changed(each, "course_funnel")) for each in counted[1:]]
    assert dict(zip(expected, found, strict=True)) == expected
    publish_cohorts_as_of(run, on(89))
    assert not publish_cohorts_as_of(run, on(90)).counted_all
    assert changed(counted[-1], "course_funnel") == {("c1", on(1))}


@pytest.mark.parametrize("late", [("enroll", None), ("lesson_viewed", 7)])
@pytest.mark.parametrize("refunds", [0, 1])
def test_what_comes_late_moves_every_order_of_its_learner(
    database: Database, tmp_path: Path, late: tuple[str, int | None], refunds: int
) -> None:
    def on(number: int, kind: str, day: int, lesson: int | None = None, **about: object) -> Wire:
        return event(number, kind, day=FIRST + timedelta(days=day), lessonIdx=lesson, metadata=about)

    wire = [
        on(1, "purchase", 0, orderId="o1", amount=5),
        on(2, "purchase", 2, orderId="o2", amount=5),
        on(3, "lesson_viewed", 2, 1),
        *[on(4, "refund", 6, orderId="o2", amount=5)] * refunds,
    ]
    last = FIRST + timedelta(days=9)
    with a_run(database, tmp_path, **SHORT) as run:
        arrive(database, run, wire, last - timedelta(days=1))
        publish_cohorts_as_of(run, last - timedelta(days=1))
        came_late = on(5, late[0], 4, late[1])
        arrive(database, run, [came_late], last)
        assert not publish_cohorts_as_of(run, last).counted_all
        assert_counted(database, [*wire, came_late], asked_of(run, last))


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(data=st.data())
def test_any_stream_in_any_order_of_arrival_is_each_night_what_counting_everything_gives(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    wire = data.draw(streams(PARIS, longest=80).filter(bool))
    days = sorted({day_of(datetime.fromisoformat(each["createdAt"]), PARIS) for each in wire})
    nights = sorted(data.draw(st.lists(st.sampled_from(days[-20:]), min_size=2, max_size=6)))
    cuts = sorted(data.draw(st.integers(0, len(wire))) for _ in nights[1:])
    clear(module_database)
    with module_database.connect("owner") as owner:
        owner.execute("UPDATE analytics.site SET timezone = 'Europe/Paris'")
    with a_run(module_database, tmp_path_factory.mktemp("site"), timezone="Europe/Paris") as run:
        for number, (first, last, night) in enumerate(
            zip([0, *cuts], [*cuts, len(wire)], nights, strict=True)
        ):
            with module_database.connect("ingest") as connection:
                touched = deliver(connection, wire[first:last], run.settings)
            through(run, sorted(touched) if number else list(DayRange(days[0], days[-1])))
            is_first = not any(row["as_of"] for row in published(module_database, "course_window"))
            publication = publish_cohorts_as_of(run, night)
            is_far = number > 0 and (night - nights[number - 1]).days > MOST_CHANGED_DAYS
            assert publication.counted_all == (is_first or is_far)
            assert_counted(module_database, wire[:last], asked_of(run, night))


def test_lessons_move_the_entries_of_a_course_of_which_the_catalogue_requires_them(
    database: Database, tmp_path: Path
) -> None:
    required = {"c1": [0, 1, 2]}
    with database.connect("pipeline") as connection:
        connection.execute(
            "INSERT INTO analytics.course VALUES ('c1', 'Algebra', NULL, now(), 'x');"
            "INSERT INTO analytics.course_lesson"
            " SELECT 'c1', lesson, 'Sets', true, now(), 'x' FROM generate_series(0, 2) AS lesson"
        )
    known: list[Wire] = []
    with a_run(database, tmp_path, **SHORT) as run:
        for number, (day, wire) in enumerate(life(seed=6, days=9, learners=40, events_a_day=40).items()):
            known += wire
            arrive(database, run, wire, day)
            assert publish_cohorts_as_of(run, day).counted_all == (number == 0)
            assert_counted(database, known, replace(asked_of(run, day), required=required))
    assert sum(row["progress_sum"] or 0 for row in published(database, "course_funnel")) > 0


def test_whoever_goes_on_with_lessons_moves_no_entry_of_the_course(
    run: PipelineRun, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = DAY + timedelta(days=2)
    moved: list[Moved] = []

    def find(*given: Any) -> Moved:
        moved.append(find_moved(*given))
        return moved[-1]

    monkeypatch.setattr(cohort_counts, "find_moved", find)
    entry = [event(number, kind, lessonIdx=None) for number, kind in enumerate(["course_view", "enroll"])]
    put(database, *entry, event(3), event(4, day=last))
    through(run, list(DayRange(DAY, last)))
    publish_cohorts_as_of(run, DAY)
    publish_cohorts_as_of(run, DAY + timedelta(days=1))
    publish_cohorts_as_of(run, last)
    # A second view of the lesson changes no number either.
    assert changed(moved[-1], "lesson_cohort") == set()
    assert changed(moved[-1], "course_funnel") == set()


def nights_of_arrival(
    database: Database, run: PipelineRun, days: int
) -> Iterator[tuple[int, date, Sequence[Wire]]]:
    """Each night when its events have arrived: its number, its day, and all events that came by then."""
    known: list[Wire] = []
    arrivals = by_arrival(life(seed=days, days=days, learners=40, events_a_day=40), random.Random(days))
    for number, (day, wire) in enumerate(arrivals.items()):
        known += wire
        arrive(database, run, wire, day)
        yield number, day, known


def lookup_file(run: PipelineRun, kind: str, column: str) -> tuple[list[str], Rows]:
    """The files of this kind that there are, and the rows of the one that is named."""
    soon = datetime.now(UTC) + timedelta(days=1)
    names = [name for name in run.lake.written_before(soon) if name.startswith(f"{kind}/")]
    rows: Rows = []
    named = run.connection.execute(f"SELECT {column} FROM analytics.cohort_publication".encode()).fetchall()  # noqa: S608  # ours
    for path in run.lake.paths(name for (name,) in named if name is not None):
        cursor = duckdb.execute("SELECT * FROM read_parquet($1)", [path])
        columns = [column for column, *_ in cursor.description or ()]
        rows += [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return names, rows


def orders_in_files(run: PipelineRun) -> tuple[list[str], list[str]]:
    """The files of orders that there are, and the ids of the events in those that are named."""
    names, base = lookup_file(run, "orders", "order_file")
    _, recent = lookup_file(run, "orders", "recent_order_file")
    told_again = {row["day"] for row in recent}
    rows = [row for row in base if row["day"] not in told_again] + recent
    return names, sorted(row["entry"]["event_id"] for row in rows)


def without_replaced(base: Rows, recent: Rows) -> Rows:
    """The rows of the base file for which none of the recent file stands."""
    replaced = {row["number"] for row in recent}
    return [row for row in base if row["number"] not in replaced]


def first_days(events: Sequence[oracle.Happening]) -> tuple[date | None, ...]:
    """The first day of a lesson, a view and an enrolment, and the first and last of anything."""
    kinds = (
        [event for event in events if event.lesson is not None],
        oracle.of(events, "course_view"),
        oracle.of(events, "enroll"),
    )
    firsts = [min((event.day for event in kind), default=None) for kind in kinds]
    return (*firsts, min(event.day for event in events), max(event.day for event in events))


@pytest.mark.parametrize(("rows_at_once", "files"), [(20, 1), (None, 2)])
def test_the_files_of_entries_hold_the_first_days_of_every_learner_also_of_late_events(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int | None, files: int
) -> None:
    recent_share = {1: 0, 2: 100}[files]
    # The night after every cohort was counted reads all days, in parts.
    apart = Apart("days_to_add", APART, rows_at_once=rows_at_once)
    monkeypatch.setattr(entries, "_APART", apart)
    monkeypatch.setattr(lookup_files, "RECENT_SHARE", recent_share)
    columns = ("lesson_day", "view_day", "enrol_day", "first_day", "last_day")
    with a_run(database, tmp_path, **SHORT) as run:
        for number, day, known in nights_of_arrival(database, run, days=9):
            publish_cohorts_as_of(run, day)
            names, base = lookup_file(run, "entries", "entry_file")
            _, recent = lookup_file(run, "entries", "recent_entry_file")
            rows = without_replaced(base, recent) + recent
            people = oracle.by(oracle_cohorts.known(known, asked_of(run, day)), "course", "learner")
            wanted = {key: first_days(events) for key, events in people if None not in key}
            found = [row for row in rows if row["learner_id"] is not None]
            told = {
                (row["course_id"], row["learner_id"]): tuple(row[name] for name in columns) for row in found
            }
            assert len(names) == min(number, files)
            assert told == (wanted if number else {})
            assert len(told) == len(found)
        assert len(found) > 20


def test_a_night_reads_no_day_before_those_who_moved_had_come(
    run: PipelineRun, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = partial(event, kind="quiz_attempted")
    days = [DAY + timedelta(days=number) for number in (0, 40, 41, 42)]
    put(database, *[tried(number, userId=f"u{number}", day=day) for number, day in enumerate(days)])
    put(database, tried(4, userId="u1", day=days[3]))
    through(run, list(DayRange(days[0], days[3])))
    publish_cohorts_as_of(run, days[1])
    publish_cohorts_as_of(run, days[2])
    read: set[date] = set()

    def note(given: PipelineRun, wanted: Iterable[date]) -> ParquetFiles:
        read.update(found := set(wanted))
        return days_of(given, found)

    days_of = moved_cohorts._days  # the one door to the days of the lake
    monkeypatch.setattr(moved_cohorts, "_days", note)
    publish_cohorts_as_of(run, days[3])
    assert not publish_cohorts_as_of(run, days[3]).counted_all
    assert {days[1], days[3]} <= read
    assert not [day for day in read if days[0] <= day < days[1] - timedelta(days=30)]


@pytest.mark.parametrize(("recent_share", "files"), [(0, 1), (100, 2)])
def test_the_files_of_orders_hold_those_of_all_days_until_every_cohort_is_counted_anew(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recent_share: int, files: int
) -> None:
    monkeypatch.setattr(lookup_files, "RECENT_SHARE", recent_share)
    with a_run(database, tmp_path, **SHORT) as run:
        for number, day, known in nights_of_arrival(database, run, days=8):
            publish_cohorts_as_of(run, day)
            names, found = orders_in_files(run)
            placed = sorted(each["id"] for each in known if each["eventType"] in {"purchase", "refund"})
            assert len(names) == min(number, files)
            assert found == (placed if number else [])
        assert len(found) > 20
        publish_cohorts_as_of(run, day, LATE_EVENTS)
        assert orders_in_files(run) == ([], [])
        publish_cohorts_as_of(run, day)
        assert len(orders_in_files(run)[0]) == 1
        assert_counted(database, known, asked_of(run, day))
