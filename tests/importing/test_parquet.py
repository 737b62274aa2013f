"""Parquet tables of events."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics_pipeline.importing.source import BadLine, WrongSourceError
from analytics_pipeline.importing.tabular import open_parquet

AT = datetime(2024, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)


def write(path: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_rows_keep_their_instants_to_the_microsecond_and_their_total_is_known(
    tmp_path: Path, bad_lines: list[BadLine]
) -> None:
    first = write(
        tmp_path / "a.parquet",
        {
            "id": ["e1", "e2"],
            "eventType": ["lesson_viewed", "course_view"],
            "userId": pa.array([17, None], pa.int64()),
            "courseId": ["c1", "c1"],
            "lessonIdx": pa.array([3.0, None], pa.float64()),
            "metadata": ['{"clicks": 2}', None],
            "createdAt": pa.array([AT, AT + timedelta(hours=1)], pa.timestamp("us", "Europe/Paris")),
        },
    )
    second = write(
        tmp_path / "b.parquet",
        {
            "eventType": ["purchase"],
            "createdAt": ["2024-03-01T12:00:00+02:00"],
            "metadata.orderId": ["o-1"],
            "metadata.amount": [Decimal("49.90")],
            "metadata.score": [Decimal("7.5")],
        },
    )
    source = open_parquet([first, second], bad_lines.append)
    assert source.total == 3
    assert [msgspec.json.decode(event) for event in source.events] == [
        {
            "id": "e1",
            "eventType": "lesson_viewed",
            "userId": "17",
            "courseId": "c1",
            "lessonIdx": 3,
            "createdAt": "2024-03-01T09:30:00.123456Z",
            "metadata": {"clicks": 2},
        },
        {
            "id": "e2",
            "eventType": "course_view",
            "courseId": "c1",
            "createdAt": "2024-03-01T10:30:00.123456Z",
        },
        {
            "eventType": "purchase",
            "createdAt": "2024-03-01T12:00:00+02:00",
            "metadata": {"orderId": "o-1", "amount": "49.90", "score": 7.5},
        },
    ]


def test_a_frame_written_by_pandas_can_be_imported(tmp_path: Path, bad_lines: list[BadLine]) -> None:
    frame = pd.DataFrame({"eventType": ["enroll"] * 25_000, "createdAt": pd.to_datetime([AT] * 25_000)})
    frame.to_parquet(tmp_path / "frame.parquet")
    source = open_parquet([tmp_path / "frame.parquet"], bad_lines.append)
    assert sum(1 for _ in source.events) == source.total == 25_000


def test_a_row_with_bad_metadata_is_reported_by_its_number(tmp_path: Path, bad_lines: list[BadLine]) -> None:
    path = write(
        tmp_path / "a.parquet",
        {"eventType": ["enroll"] * 3, "createdAt": [1, 2, 3], "metadata": ["{}", "{", '{"a":1}']},
    )
    assert len(list(open_parquet([path], bad_lines.append).events)) == 2
    assert [str(bad) for bad in bad_lines] == [f"{path}, line 2: metadata is not a JSON object"]


def test_instants_without_a_time_zone_are_refused(tmp_path: Path, bad_lines: list[BadLine]) -> None:
    path = write(
        tmp_path / "a.parquet",
        {"eventType": ["enroll"], "createdAt": pa.array([AT.replace(tzinfo=None)], pa.timestamp("us"))},
    )
    with pytest.raises(WrongSourceError, match="createdAt has no time zone"):
        open_parquet([path], bad_lines.append)


def test_what_is_no_parquet_is_refused_with_its_name(tmp_path: Path, bad_lines: list[BadLine]) -> None:
    path = tmp_path / "a.parquet"
    path.write_text("no table")
    with pytest.raises(WrongSourceError, match=r"a\.parquet is not a Parquet file"):
        open_parquet([path], bad_lines.append)
