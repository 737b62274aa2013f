"""xAPI statements about videos."""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analytics_pipeline.importing.source import BadLine
from analytics_pipeline.importing.xapi import open_xapi
from tests.importing.conftest import WriteFile

Statement = dict[str, Any]
PLAYED = "https://w3id.org/xapi/video/verbs/played"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
SEEKED = "https://w3id.org/xapi/video/verbs/seeked"


def statement(number: int, verb: str, video: str, second: int, **changed: Any) -> Statement:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "actor": {"account": {"name": "u1", "homePage": "http://lms.example"}},
        "verb": {"id": verb},
        "object": {
            "id": video,
            "definition": {"type": "https://w3id.org/xapi/video/activity-type/video"},
        },
        "context": {"contextActivities": {"parent": [{"id": "course-1"}]}},
        "timestamp": f"2021-11-29T12:00:{second:02}+00:00",
    } | changed


def lines(statements: Sequence[Statement]) -> str:
    return "".join(json.dumps(each) + "\n" for each in statements)


def read(path: Path, bad_lines: list[BadLine]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(event) for event in open_xapi([path], bad_lines.append).events]


def test_statements_become_events_with_their_own_ids(write_file: WriteFile, bad_lines: list[BadLine]) -> None:
    path = write_file("s.json", lines([statement(1, PLAYED, "v1", 1), statement(2, COMPLETED, "v1", 9)]))
    viewed, completed = read(path, bad_lines)
    assert viewed == {
        "id": "00000000-0000-4000-8000-000000000001",
        "eventType": "lesson_viewed",
        "userId": "u1",
        "courseId": "course-1",
        "lessonIdx": 0,
        "metadata": {"activityId": "v1"},
        "createdAt": "2021-11-29T12:00:01Z",
    }
    assert completed["eventType"] == "lesson_completed"


def test_a_video_is_numbered_by_its_first_use_of_any_verb_then_by_id(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    path = write_file(
        "s.json",
        lines(
            [
                statement(5, PLAYED, "late", 30),
                statement(4, PLAYED, "tied-second", 20),
                statement(3, PLAYED, "tied-first", 20),
                statement(2, PLAYED, "seeked-first", 40),
                # The same instant as second 10, written in another zone.
                statement(1, SEEKED, "seeked-first", 0, timestamp="2021-11-29T13:00:10+01:00"),
            ]
        ),
    )
    numbers = {event["metadata"]["activityId"]: event["lessonIdx"] for event in read(path, bad_lines)}
    assert numbers == {"seeked-first": 0, "tied-first": 1, "tied-second": 2, "late": 3}


def test_lines_that_are_no_statements_are_reported_once_and_other_objects_are_left_out(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    path = write_file(
        "s.json",
        lines([statement(1, PLAYED, "v1", 1)])
        + "{}\n{\n"
        + lines(
            [
                statement(2, PLAYED, "v1", 2, timestamp="2021-11-29T12:00:00"),
                statement(3, PLAYED, "v1", 3, context={}),
                statement(4, PLAYED, "v1", 4, object={"id": "a page"}),
                statement(5, PLAYED, "v1", 5, context={"contextActivities": {"parent": {"id": "c2"}}}),
            ]
        ),
    )
    assert [event["courseId"] for event in read(path, bad_lines)] == ["course-1", "c2"]
    assert [bad.line for bad in bad_lines] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("actor", "user_id"),
    [
        ({"mbox": "mailto:a@example.org"}, "mailto:a@example.org"),
        ({"openid": "http://a"}, "http://a"),
        ({}, None),
    ],
)
def test_a_learner_is_who_the_actor_is_by_any_means(
    write_file: WriteFile, bad_lines: list[BadLine], actor: Statement, user_id: str | None
) -> None:
    path = write_file("s.json", lines([statement(1, PLAYED, "v1", 1, actor=actor)]))
    assert read(path, bad_lines)[0].get("userId") == user_id


def test_real_statements_give_the_same_events_in_whatever_order_they_come(
    test_data: Path, write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    original = test_data / "fun_mooc" / "statements.json.gz"
    statements = gzip.decompress(original.read_bytes()).splitlines(keepends=True)
    as_they_come = read(original, bad_lines)
    for name, ordered in {"sorted": sorted(statements), "reversed": statements[::-1]}.items():
        events = read(write_file(f"{name}.json", b"".join(ordered)), bad_lines)
        assert sorted(events, key=lambda event: str(event["id"])) == sorted(
            as_they_come, key=lambda event: str(event["id"])
        )
    assert bad_lines == []


def test_real_statements_are_all_counted(test_data: Path, bad_lines: list[BadLine]) -> None:
    path = test_data / "fun_mooc" / "statements.json.gz"
    statements = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    verbs = Counter(each["verb"]["id"].rpartition("/")[2] for each in statements)
    events = read(path, bad_lines)
    kinds = Counter(event["eventType"] for event in events)
    assert kinds == {
        "lesson_viewed": verbs["initialized"] + verbs["played"],
        "lesson_completed": verbs["completed"],
    }
    assert {event["userId"] for event in events} <= {each["actor"]["account"]["name"] for each in statements}
    for course in {event["courseId"] for event in events}:
        used = {event["lessonIdx"] for event in events if event["courseId"] == course}
        assert used == set(range(5))
