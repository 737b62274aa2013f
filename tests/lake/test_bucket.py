"""A lake in a bucket is the same as one in a folder, crashes and garbage included."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from analytics_pipeline.engine import Engine, ParquetFiles
from analytics_pipeline.lake.bucket import LakeUnreachableError
from analytics_pipeline.lake.catalogue import lake_days
from analytics_pipeline.lake.compact import MOST_PARTS, collect_garbage
from analytics_pipeline.lake.files import Lake
from analytics_pipeline.lake.schema import Kind
from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.metrics.last_publication import last_publication
from analytics_pipeline.metrics.models import COHORT, DAILY
from analytics_pipeline.metrics.relations import learner_day_files
from analytics_pipeline.simulate import simulate
from tests import inbox
from tests.conftest import Database, Server, fresh_database
from tests.lake import sealing
from tests.lake.deliveries import FIRST, UTC_ZONE, Delivery, deliver, lake_rows
from tests.metrics import nights
from tests.pipeline_runs import a_run
from tests.s3_server import BUCKET, s3_server

DAYS = [FIRST + timedelta(days=number) for number in range(4)]
PROCESSES = get_context("spawn")
"""Processes find the way to the bucket in their environment; those of a fork server have the server's."""
AT_ONCE = timedelta(seconds=-2)
"""A bucket tells the time of a file in whole seconds."""


@pytest.fixture(scope="module")
def s3() -> Iterator[Mapping[str, str]]:
    with s3_server() as variables:
        yield variables


@pytest.fixture
def root(s3: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty prefix of the bucket, with the environment that leads to it."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{uuid4().hex}"


def live(database: Database, folder: Path, root: str | None) -> dict[str, Any]:
    """A night, late events in more parts than may stay, another night; everything that is left of them."""
    wire = [
        {"userId": None, "courseId": None, "lessonIdx": None, "metadata": {}, **event}
        for event in simulate(2, 40, len(DAYS), 3, DAYS[-1], UTC_ZONE, ())
    ]
    late = [event for event in wire if event["createdAt"].startswith(str(DAYS[1]))][: 2 * MOST_PARTS]
    with a_run(database, folder, root=root) as run, database.connect("ingest") as ingest:
        inbox.deliver(ingest, [event for event in wire if event not in late], run.settings)
        nights.night(run, DAYS, DAYS[-1])
        for event in late:
            inbox.deliver(ingest, [event], run.settings)
            seal_days(run, [DAYS[1]], lambda _: None)
        nights.night(run, DAYS, DAYS[-1])
        garbage = collect_garbage(run, older_than=AT_ONCE)
        rows = lake_days(run.connection, DAYS)
        learner_days = run.engine.frame(
            "SELECT * FROM learner_days ORDER BY ALL",
            {"learner_days": learner_day_files(run.lake, rows.values())},
            {},
        )
        kept = run.lake.written_before(datetime.now(UTC) + timedelta(hours=1))
        named = [name for row in rows.values() for name in (*row.files, *row.learner_files)]
        lookups = last_publication(run.connection).lookups.names
        assert len(lookups) == 2
        assert kept == sorted([*named, *lookups])
        return {
            "catalogue": [(row.day, row.version, len(row.files), row.events) for row in rows.values()],
            "events": [row[:-2] for row in lake_rows(run, DAYS)],
            "learner days": learner_days.to_csv(),
            "garbage": len(garbage),
            **{
                model.name: sorted(map(repr, nights.published(database, model.name)))
                for model in (*DAILY, *COHORT)
            },
        }


def test_nights_on_a_bucket_leave_what_the_same_nights_leave_in_a_folder(
    server: Server, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some of the days are large, and lie in several files.
    monkeypatch.setattr("analytics_pipeline.engine.parts.PART_ROWS", 150)
    with fresh_database(server) as one, fresh_database(server) as other:
        in_folder = live(one, tmp_path, None)
        in_bucket = live(other, tmp_path, root)
    assert in_folder["garbage"] > 2 * MOST_PARTS
    assert sum(events for *_, events in in_folder["catalogue"]) == len(in_folder["events"]) > 500
    assert in_bucket == in_folder
    assert {files > 1 for _, _, files, _ in in_folder["catalogue"]} == {True, False}


def test_killed_between_upload_and_commit_a_seal_leaves_garbage_alone(
    database: Database, root: str, tmp_path: Path
) -> None:
    with database.connect("ingest") as ingest:
        deliver(ingest, [Delivery("a", 0), Delivery("b", 0)], UTC_ZONE)
    receive, send = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(
        target=sealing.stop_before_commit, args=(database.urls.pipeline, tmp_path, root, FIRST, send)
    )
    process.start()
    send.close()
    with receive:
        (uploaded,) = receive.recv()
    process.kill()
    process.join()
    with a_run(database, tmp_path, root=root) as after:
        assert after.lake.size([uploaded]) > 0
        assert not lake_days(after.connection, [FIRST])
        seal_days(after, [FIRST], lambda _: None)
        assert [row[1] for row in lake_rows(after, [FIRST])] == ["a", "b"]
        assert collect_garbage(after) == []
        assert collect_garbage(after, older_than=AT_ONCE) == [uploaded]
        assert [row[1] for row in lake_rows(after, [FIRST])] == ["a", "b"]


def test_without_keys_the_platform_gives_the_credentials(
    s3: Mapping[str, str], root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", s3["AWS_ENDPOINT_URL"])
    lake = Lake(root)
    lake.check()
    engine = Engine(tmp_path / "scratch", lake.attach)
    name = lake.new_name(Kind.EVENTS, FIRST, 1)
    engine.write_parquet("SELECT range AS n FROM range(1000)", {}, {}, lake.place(name))
    lake.persist([name])
    found = engine.frame(
        "SELECT sum(n) AS total FROM f", {"f": ParquetFiles([lake.path(name)], {"n": "BIGINT"})}, {}
    )
    assert found["total"].tolist() == [499_500]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ANALYTICS_LAKE": "s3://no-such-bucket/lake"}, "NoSuchBucket"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "error sending request"),
    ],
)
def test_a_lake_that_cannot_be_read_is_one_sentence(
    root: str, monkeypatch: pytest.MonkeyPatch, changed: Mapping[str, str], reason: str
) -> None:
    for name, value in {"ANALYTICS_LAKE": root, **changed}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LakeUnreachableError) as raised:
        Lake(os.environ["ANALYTICS_LAKE"]).check()
    lake = os.environ["ANALYTICS_LAKE"]
    assert str(raised.value) == (
        f"The lake {lake} cannot be read ({reason}); check ANALYTICS_LAKE, the bucket, and AWS_ENDPOINT_URL,"
        " AWS_REGION and the credentials in the environment."
    )


def test_wrong_credentials_are_named_and_not_shown(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="1") as strict:
        for name, value in strict.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(LakeUnreachableError, match=r"\(InvalidAccessKeyId\)") as raised:
            Lake(root).check()
    assert strict["AWS_SECRET_ACCESS_KEY"] not in str(raised.value)
