"""NDJSON and CSV: what is read, and what is reported with its line."""

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analytics_pipeline.importing.ndjson import open_ndjson
from analytics_pipeline.importing.source import BadLine, Source, WrongSourceError
from analytics_pipeline.importing.tabular import open_csv
from tests.importing.conftest import WriteFile

HEADER = "id,eventType,userId,courseId,lessonIdx,metadata,createdAt\n"


def events(source: Source) -> list[Any]:
    return [msgspec.json.decode(event) for event in source.events]


def test_each_line_of_ndjson_is_sent_as_it_stands(write_file: WriteFile, bad_lines: list[BadLine]) -> None:
    first, second = b'{"id": "a",  "x": 1}', b'{"id":"b"}'
    path = write_file("events.ndjson", b"\xef\xbb\xbf" + first + b"\r\n\n" + second)
    assert list(open_ndjson([path], bad_lines.append).events) == [first, second]
    assert bad_lines == []


def test_lines_that_are_no_objects_are_reported_and_the_rest_of_all_files_is_read(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    broken = write_file(
        "broken.ndjson",
        b'{"id":"a"}\n{"id":\n[1]\n\xff\xfe\n' + b"[" * 100_000 + b'\n{"id":"b"}\n{"x":NaN}\n',
    )
    whole = write_file("whole.ndjson.gz", gzip.compress(b'{"id":"c"}\n'))
    assert events(open_ndjson([broken, whole], bad_lines.append)) == [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    assert [(bad.file, bad.line) for bad in bad_lines] == [(broken, line) for line in (2, 3, 4, 5, 7)]
    assert str(bad_lines[1]) == f"{broken}, line 3: is not a JSON object"


def test_a_gzip_file_that_ends_midway_is_an_error_with_its_name(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    path = write_file("cut.ndjson.gz", gzip.compress(b'{"id":"a"}\n' * 1000)[:-20])
    with pytest.raises(WrongSourceError, match=r"cut\.ndjson\.gz cannot be read"):
        list(open_ndjson([path], bad_lines.append).events)


def test_a_row_of_csv_is_an_event_and_an_empty_cell_an_absent_field(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    row = 'e1,lesson_time,u1,c1,3,"{""activeMs"": 5, ""device"": ""phone""}",2024-03-01T10:00:00Z\n'
    path = write_file("events.csv", HEADER + row + "e2,course_view,,c1,,,1709287200000\n")
    assert events(open_csv([path], bad_lines.append)) == [
        {
            "id": "e1",
            "eventType": "lesson_time",
            "userId": "u1",
            "courseId": "c1",
            "lessonIdx": 3,
            "metadata": {"activeMs": 5, "device": "phone"},
            "createdAt": "2024-03-01T10:00:00Z",
        },
        {"id": "e2", "eventType": "course_view", "courseId": "c1", "createdAt": 1709287200000},
    ]


def test_metadata_columns_become_its_keys_and_only_known_numbers_turn_into_numbers(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    path = write_file(
        "events.csv",
        "eventType,createdAt,metadata.quizId,metadata.score,metadata.attempt,metadata.amount\n"
        "quiz_passed,2024-03-01T10:00:00Z,007,71.5,2,49.00\n"
        "course_view,2024-03-01T10:00:00Z,,,,\n",
    )
    passed, viewed = events(open_csv([path], bad_lines.append))
    assert passed["metadata"] == {"quizId": "007", "score": 71.5, "attempt": 2, "amount": "49.00"}
    assert "metadata" not in viewed


def test_rows_of_csv_that_are_no_events_are_reported_with_their_line(
    write_file: WriteFile, bad_lines: list[BadLine]
) -> None:
    good = "e{},course_view,u1,c1,,,2024-03-01T10:00:00Z\n"
    path = write_file(
        "events.csv",
        (HEADER + good.format(1) + "too,few,cells\n").encode()
        + b"e2,course_view,\xff,c1,,,2024-03-01T10:00:00Z\n"
        + b"e3,lesson_viewed,u1,c1,two,,2024-03-01T10:00:00Z\n"
        + b'e4,course_view,u1,c1,,"[1]",2024-03-01T10:00:00Z\n'
        + b'e5,course_view,u1,"c"x,,,2024-03-01T10:00:00Z\n'
        + b'e6,course_view,u1,"over\ntwo lines",,,2024-03-01T10:00:00Z\n'
        + b"short,row\n"
        + good.format(7).encode(),
    )
    assert [event["id"] for event in events(open_csv([path], bad_lines.append))] == ["e1", "e6", "e7"]
    assert [bad.line for bad in bad_lines] == [3, 4, 5, 6, 7, 10]
    assert "lessonIdx 'two' is no number" in str(bad_lines[2])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("eventType,createdAt,user_id", "column 'user_id'"),
        ("eventType,userId", "no column 'createdAt'"),
        ("eventType,createdAt,userId,userId", "'userId' more than once"),
        ("", "is empty"),
    ],
)
def test_a_csv_whose_columns_are_not_those_of_an_event_is_refused(
    write_file: WriteFile, bad_lines: list[BadLine], header: str, message: str
) -> None:
    path = write_file("events.csv", header)
    with pytest.raises(WrongSourceError, match=message):
        list(open_csv([path], bad_lines.append).events)


def test_a_file_that_may_not_be_read_is_an_error_with_its_name(
    tmp_path: Path, bad_lines: list[BadLine]
) -> None:
    with pytest.raises(WrongSourceError, match=str(tmp_path)):
        list(open_csv([tmp_path], bad_lines.append).events)
