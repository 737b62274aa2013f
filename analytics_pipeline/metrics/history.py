"""The cohort tables as they were on each of many as-of days, without reading the whole past for each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection
from psycopg import sql

from analytics_pipeline.engine import (
    Models,
    TypedFrame,
    create_view,
    described_in,
    frame_in,
    literal,
)
from analytics_pipeline.lake.catalogue import first_kept_day
from analytics_pipeline.metrics.cohort_inputs import cohort_inputs, cohort_parameters, of_kept_days
from analytics_pipeline.metrics.models import COHORT, Model, read_sql
from analytics_pipeline.run import PipelineRun

TablesAsOf = Callable[[date], Mapping[str, pd.DataFrame]]


@contextmanager
def cohort_history(run: PipelineRun, first: date, last: date) -> Iterator[TablesAsOf]:
    """Within the block, a function that gives the rows of each cohort table as of any day from first to last.

    They are what would have been published on that day, had the learner days been those known now; rows of
    frozen cohort days are those that are published.
    """
    kept_since = first_kept_day(run.connection)
    frozen = {} if kept_since is None else _frozen(run, last, kept_since)
    if run.cluster is not None:
        yield partial(_tables_as_of, run, run.cluster, kept_since, frozen)
        return
    with (
        run.engine.scratch_folder("history") as folder,
        run.engine.session(cohort_inputs(run, last)) as duck,
    ):
        if first < last:
            read_past_once(duck, cohort_parameters(run.settings, first)["as_of"], folder)

        for name, frame in frozen.items():
            create_view(duck, name, frame)

        def tables_as_of(as_of: date) -> dict[str, pd.DataFrame]:
            parameters = cohort_parameters(run.settings, as_of)
            return {
                model.name: frame_in(duck, _with_frozen(model, kept_since), parameters) for model in COHORT
            }

        yield tables_as_of


def _tables_as_of(
    run: PipelineRun,
    cluster: Models,
    kept_since: date | None,
    frozen: Mapping[str, TypedFrame],
    as_of: date,
) -> dict[str, pd.DataFrame]:
    relations, parameters = {**cohort_inputs(run, as_of), **frozen}, cohort_parameters(run.settings, as_of)
    with cluster.reading(relations) as reading:
        return {model.name: reading.frame(_with_frozen(model, kept_since), parameters) for model in COHORT}


def read_past_once(duck: DuckDBPyConnection, first_as_of: object, folder: Path) -> None:
    """Put one small table in the place of the session's learner days; exact from this instant on.

    On a file and not in memory: the learner days of years are larger than what a run may take. In a format of
    DuckDB's own, which costs a third less than Parquet to read for every table and day.
    """
    duck.execute(f"ATTACH {literal(str(folder / 'history.duckdb'))} AS history")
    past = read_sql("cohort_history")
    duck.execute(f"CREATE TABLE history.learner_days AS {past}", {"first_as_of": first_as_of})
    duck.execute("DROP VIEW learner_days; CREATE VIEW learner_days AS FROM history.learner_days")


def _with_frozen(model: Model, kept_since: date | None) -> str:
    if kept_since is None:
        return model.sql
    kept = of_kept_days(model.sql, kept_since)
    return f"{kept} UNION ALL SELECT * FROM frozen_{model.name}"  # noqa: S608  # names of ours


def _frozen(run: PipelineRun, last: date, kept_since: date) -> dict[str, TypedFrame]:
    """`frozen_<table>` of each table: its published rows of frozen cohort days, typed as its model is."""
    frames = {}
    with run.engine.session(cohort_inputs(run, last)) as duck:
        for model in COHORT:
            columns = described_in(duck, model.sql, cohort_parameters(run.settings, last))
            query = sql.SQL("SELECT {} FROM {} WHERE cohort_day < {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.Identifier("analytics", model.name),
                sql.Literal(kept_since),
            )
            rows = run.connection.execute(query).fetchall()
            frame = pd.DataFrame(rows, columns=list(columns), dtype=object)
            frames[f"frozen_{model.name}"] = TypedFrame(frame, columns)
    return frames
