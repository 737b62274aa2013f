"""Every model gives the same on a Spark cluster as in DuckDB, cell by cell, and so does a whole night."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics_pipeline.engine import Apart, Engine, Models, ParquetFiles, Relation
from analytics_pipeline.engine.spark import ClusterUnreachableError, Spark, open_spark
from analytics_pipeline.lake.schema import EVENTS
from analytics_pipeline.lake.schema import LEARNER_DAYS as LEARNER_DAY_COLUMNS
from analytics_pipeline.metrics.models import COHORT, DAILY, LEARNER_DAYS, read_sql
from analytics_pipeline.metrics.relations import funnel_windows, required_lessons, site_days
from analytics_pipeline.metrics.times import time_bucket_frame
from tests.engine.events_of_all_kinds import LAST_DAY, MESSY_DAYS, ZONE, real_and_made_up
from tests.metrics.oracle_cohorts import Asked
from tests.metrics.tables import sealed

PARAMETERS = {
    "as_of": Asked(zone=ZONE, as_of_day=LAST_DAY - timedelta(days=1)).as_of,
    "quiet_days": 7,
    "funnel_window_days": 2,
    "refund_window_days": 1,
}
MODELS = {
    "learner_days": LEARNER_DAYS,
    "measured_day": read_sql("measured_day"),
    **{model.name: model.sql for model in (*DAILY, *COHORT)},
}
# Minutes on a machine that is busy with other things.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("scratch"), threads=1)


@pytest.fixture(scope="module")
def spark(spark_master: str, duck: Engine) -> Iterator[Spark]:
    with open_spark(spark_master, duck) as spark:
        yield spark


@dataclass(frozen=True)
class Given:
    """What the models read; the lake's files were written by DuckDB."""

    relations: dict[str, Relation]
    days: list[date]


@pytest.fixture(scope="module")
def given(duck: Engine, test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = tmp_path_factory.mktemp("lake")
    relations = sealed(real_and_made_up(test_data), Asked(zone=ZONE, as_of_day=LAST_DAY))
    rows = duck.write_parquet("SELECT * FROM events", relations, {}, folder / "events.parquet")
    assert rows > 15_000
    relations["events"] = ParquetFiles([str(folder / "events.parquet")], EVENTS)
    found = duck.frame("SELECT DISTINCT day FROM events ORDER BY day", relations, {})
    days = [day.date() for day in found["day"]]
    relations["site_days"] = site_days(days, ZONE)
    relations["time_buckets"] = time_bucket_frame()
    relations["funnel_windows"] = funnel_windows({"m1": 1})
    relations["required_lessons"] = required_lessons([("m1", 1), ("m1", 2), ("m2", 3)])
    duck.write_parquet(LEARNER_DAYS, relations, {}, folder / "learner_days.parquet")
    relations["learner_days"] = ParquetFiles([str(folder / "learner_days.parquet")], LEARNER_DAY_COLUMNS)
    return Given(relations, days)


@pytest.fixture
def csv_of(given: Given, tmp_path: Path) -> Callable[[Models, str], list[str]]:
    """The lines that PostgreSQL would be given, the header first, the rows in an order of their own."""

    def lines(engine: Models, name: str) -> list[str]:
        path = tmp_path / f"{type(engine).__name__}.csv"
        with engine.reading(given.relations) as reading:
            rows = reading.write_csv(MODELS[name], PARAMETERS, path)
        header, *rest = path.read_text().splitlines()
        assert rows == len(rest) > 0
        return [header, *sorted(rest)]

    return lines


@pytest.mark.parametrize("name", MODELS)
def test_a_model_gives_the_same_cells_on_both_engines(
    duck: Engine, spark: Spark, csv_of: Callable[[Models, str], list[str]], name: str
) -> None:
    assert csv_of(spark, name) == csv_of(duck, name)


def test_files_that_the_workers_wrote_hold_what_duckdb_would_have_written(
    duck: Engine, spark: Spark, given: Given, tmp_path: Path
) -> None:
    written = {}
    for engine in (duck, spark):
        folder = tmp_path / type(engine).__name__
        folder.mkdir()
        paths = {day: str(folder / f"{day}.parquet") for day in MESSY_DAYS[:2]}
        files = engine.write_days(
            LEARNER_DAYS, given.relations, paths, Apart("events", ("course_id", "learner_id"))
        )
        assert list(files) == MESSY_DAYS[:2]
        relation = ParquetFiles([path for day in files.values() for path in day.paths], LEARNER_DAY_COLUMNS)
        with duck.session() as session:
            columns = session.from_parquet(list(relation.paths))
            kinds = dict(zip(columns.columns, map(str, columns.types), strict=True))
        frame = duck.frame("SELECT * FROM rows ORDER BY ALL", {"rows": relation}, {})
        assert len(frame) == sum(day.rows for day in files.values()) > 100
        written[engine] = (kinds, frame.to_csv())
    assert written[spark] == written[duck]


def test_a_relation_without_files_is_empty_on_the_cluster_too(spark: Spark, given: Given) -> None:
    relations = {**given.relations, "learner_days": ParquetFiles([], LEARNER_DAY_COLUMNS)}
    with spark.reading(relations) as reading:
        assert reading.frame(MODELS["course_daily"], {}).empty


def test_an_address_where_no_cluster_is_is_one_sentence(duck: Engine) -> None:
    sentence = (
        "No Spark answers at spark://127.0.0.1:9 .*; start the cluster or correct ANALYTICS_SPARK_MASTER"
    )
    with pytest.raises(ClusterUnreachableError, match=sentence), open_spark("spark://127.0.0.1:9", duck):
        pass
