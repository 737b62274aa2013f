"""The engine: relations in, frames, CSV and Parquet out."""

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from analytics_pipeline.engine import Apart, Engine, ParquetFiles, TypedFrame, copy_apart

SCHEMA = {"day": "DATE", "learner_id": "VARCHAR", "n": "BIGINT", "at": "TIMESTAMPTZ"}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "scratch")


def test_a_model_reads_its_relations_and_parameters_by_name(engine: Engine) -> None:
    numbers = pd.DataFrame({"n": [1, 2, 3]})
    frame = engine.frame(
        "SELECT sum(n) AS total FROM numbers WHERE n < $below", {"numbers": numbers}, {"below": 3}
    )
    assert frame["total"].tolist() == [3]


def test_parameters_that_a_model_does_not_read_are_left_aside(engine: Engine) -> None:
    assert engine.frame("SELECT $a AS a", {}, {"a": 1, "as_of": datetime.now(UTC)})["a"].tolist() == [1]


def test_no_files_are_an_empty_relation_with_the_same_columns(engine: Engine) -> None:
    frame = engine.frame("SELECT * FROM events", {"events": ParquetFiles([], SCHEMA)}, {})
    assert list(frame.columns) == list(SCHEMA)
    assert frame.empty


def test_an_all_null_column_keeps_the_type_that_was_stated(engine: Engine) -> None:
    nothing = TypedFrame(pd.DataFrame({"course_id": [None], "n": [None]}), {"course_id": "VARCHAR"})
    frame = engine.frame("SELECT typeof(course_id) AS kind FROM counts", {"counts": nothing}, {})
    assert frame["kind"].tolist() == ["VARCHAR"]


def test_what_was_written_to_parquet_is_read_back(engine: Engine, tmp_path: Path) -> None:
    rows = pd.DataFrame({"learner_id": ["c", "a", "b"], "n": [3, 1, 2]})
    path = tmp_path / "it's.parquet"
    sql = "SELECT DATE '2024-03-05' AS day, *, $at AS at FROM rows -- every row"
    at = datetime(2024, 3, 5, 12, tzinfo=UTC)
    assert engine.write_parquet(sql, {"rows": rows}, {"at": at}, path) == 3
    frame = engine.frame("SELECT * FROM events", {"events": ParquetFiles([str(path)], SCHEMA)}, {})
    assert sorted(frame["learner_id"]) == ["a", "b", "c"]
    assert frame["day"].dt.date.tolist() == [date(2024, 3, 5)] * 3
    assert frame["at"].tolist() == [pd.Timestamp(at)] * 3


def test_a_file_without_a_declared_column_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    engine.write_parquet("SELECT 1 AS n", {}, {}, path)
    with pytest.raises(duckdb.BinderException, match="day"):
        engine.frame("SELECT * FROM events", {"events": ParquetFiles([str(path)], SCHEMA)}, {})


def test_csv_tells_null_from_empty_and_writes_arrays_as_postgres_reads_them(
    engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    sql = r"""
        SELECT NULL AS nothing, '' AS empty, 'say "no", please' AS text, [1, NULL, 3] AS numbers,
               ['a"b', 'c\d', 'e,f', NULL] AS texts, NULL::BIGINT[] AS no_list, []::BIGINT[] AS empty_list,
               {'low': 1} AS bucket, TIMESTAMPTZ '2024-03-05 12:00:00+01' AS at,
               1.50::DECIMAL(9, 2) AS amount;
    """
    with engine.reading({}) as reading:
        assert reading.write_csv(sql, {}, path) == 1
    frame = pd.read_csv(path, keep_default_na=False)
    assert frame.iloc[0].astype(str).to_dict() == {
        "nothing": "",
        "empty": "",
        "text": 'say "no", please',
        "numbers": '{"1",NULL,"3"}',
        "texts": r'{"a\"b","c\\d","e,f",NULL}',
        "no_list": "",
        "empty_list": "{}",
        "bucket": '{"low":1}',
        "at": "2024-03-05 11:00:00+00",
        "amount": "1.5",
    }
    assert path.read_text().splitlines()[1].startswith(',"",')


def test_csv_without_rows_still_has_its_header(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with engine.reading({}) as reading:
        assert reading.write_csv("SELECT 1 AS a, 2 AS b WHERE false", {}, path) == 0
    assert path.read_text() == "a,b\n"


def test_work_beyond_the_memory_limit_spills_and_leaves_no_scratch(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "scratch", memory_limit="100MB", threads=1)
    path = tmp_path / "sorted.parquet"
    sql = "SELECT md5(i::VARCHAR) AS id, repeat('x', 100) AS filling FROM range(900000) AS t(i) ORDER BY id"
    assert engine.write_parquet(sql, {}, {}, path) == 900_000
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_large_day_is_worked_on_in_parts_that_tear_no_group_apart(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics_pipeline.engine.parts.PART_ROWS", 100)
    day = date(2024, 3, 5)
    rows = pd.DataFrame({"learner_id": [None if n % 50 == 0 else f"l{n % 50}" for n in range(1000)]})
    relations = {"events": TypedFrame(rows, {"learner_id": "VARCHAR"})}
    sql = "SELECT DATE '2024-03-05' AS day, learner_id, count(*) AS n FROM events GROUP BY learner_id"
    paths = {day: str(tmp_path / "day.parquet")}
    written = engine.write_days(sql, relations, paths, Apart("events", ["learner_id"]))[day]
    assert (len(written.paths), written.rows) == (10, 50)
    files = ParquetFiles(written.paths, {"learner_id": "VARCHAR", "n": "BIGINT"})
    found = engine.frame("SELECT learner_id, n FROM counts", {"counts": files}, {})
    assert found["n"].tolist() == [20] * 50
    assert found["learner_id"].nunique() == 49


@pytest.mark.parametrize("rows_at_once", [1, 130, 1_000_000])
def test_csv_made_in_parts_holds_the_rows_of_all_of_them(
    engine: Engine, tmp_path: Path, rows_at_once: int
) -> None:
    rows = pd.DataFrame({"course_id": [f"course-{n % 7}" for n in range(1000)]})
    relations = {"events": TypedFrame(rows, {"course_id": "VARCHAR"})}
    sql = "SELECT course_id, count(*) + $more AS n FROM events GROUP BY course_id"
    path = tmp_path / "rows.csv"
    apart = Apart("events", ["course_id"], rows_at_once=rows_at_once)
    with engine.reading(relations) as reading:
        # The first leaves nothing behind that the second would read.
        for more in (5, 1):
            assert reading.write_csv(sql, {"more": more, "not_asked": 2}, path, apart) == 7
        assert reading.frame("FROM events", {})["course_id"].tolist() == rows["course_id"].tolist()
    expected = Counter(rows["course_id"])
    assert dict(csv.reader(path.read_text().splitlines())) == {"course_id": "n"} | {
        course: str(count + 1) for course, count in expected.items()
    }


def test_rows_that_belong_together_lie_in_one_file_however_many_files_there_are(
    engine: Engine, tmp_path: Path
) -> None:
    sql = "SELECT 'learner-' || range % 1000 AS learner_id FROM range($rows)"
    path = str(tmp_path / "day.parquet")
    with engine.session() as duck:
        written = copy_apart(duck, sql, {"rows": 1_200_000}, path, columns=["learner_id"], parts=150)
        torn = duck.execute(
            "SELECT count(*), count(DISTINCT learner_id), count(DISTINCT (learner_id, filename))"
            " FROM read_parquet($paths, filename = true)",
            {"paths": written.paths},
        ).fetchall()
    assert torn == [(1_200_000, 1000, 1000)]
    assert written.rows == 1_200_000
    assert 100 < len(written.paths) <= 150
