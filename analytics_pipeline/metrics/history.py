"""The cohort tables as they were on each of many as-of days, without reading the whole past for each."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection

from analytics_pipeline.engine import Models, ParquetFiles, copy_to_parquet, create_view, frame_in
from analytics_pipeline.lake.schema import LEARNER_DAYS
from analytics_pipeline.metrics.cohorts import cohort_inputs, cohort_parameters
from analytics_pipeline.metrics.models import COHORT, read_sql
from analytics_pipeline.run import PipelineRun

TablesAsOf = Callable[[date], dict[str, pd.DataFrame]]


@contextmanager
def cohort_history(run: PipelineRun, first: date, last: date) -> Iterator[TablesAsOf]:
    """Within the block, a function that gives the rows of each cohort table as of any day from first to last.

    They are what would have been published on that day, had the learner days been those known now.
    """
    if run.cluster is not None:
        yield partial(_tables_as_of, run, run.cluster)
        return
    run.engine.scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="history-", dir=run.engine.scratch) as folder,
        run.engine.session(cohort_inputs(run, last)) as duck,
    ):
        if first < last:
            read_past_once(duck, cohort_parameters(run.settings, first)["as_of"], Path(folder))

        def tables_as_of(as_of: date) -> dict[str, pd.DataFrame]:
            parameters = cohort_parameters(run.settings, as_of)
            return {model.name: frame_in(duck, model.sql, parameters) for model in COHORT}

        yield tables_as_of


def _tables_as_of(run: PipelineRun, cluster: Models, as_of: date) -> dict[str, pd.DataFrame]:
    relations, parameters = cohort_inputs(run, as_of), cohort_parameters(run.settings, as_of)
    return {model.name: cluster.frame(model.sql, relations, parameters) for model in COHORT}


def read_past_once(duck: DuckDBPyConnection, first_as_of: object, folder: Path) -> None:
    """Put one small file in the place of the session's learner days; exact from this instant on.

    On a file and not in memory: the learner days of years are larger than what a run may take.
    """
    path = folder / "history.parquet"
    copy_to_parquet(duck, read_sql("cohort_history"), {"first_as_of": first_as_of}, path)
    kept = [name for name, *_ in duck.from_parquet(str(path)).description]
    duck.execute("DROP VIEW learner_days")
    create_view(duck, "learner_days", ParquetFiles([str(path)], {name: LEARNER_DAYS[name] for name in kept}))
