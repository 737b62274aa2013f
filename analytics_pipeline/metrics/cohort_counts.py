"""The new rows of the cohort tables: of every cohort, or of what may have moved since the last time."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from analytics_pipeline.database.new_rows import NewRows
from analytics_pipeline.engine import Parameters, Reading
from analytics_pipeline.metrics.changes.expected import expect
from analytics_pipeline.metrics.changes.moved import Moved, find_moved
from analytics_pipeline.metrics.changes.shares import Counted
from analytics_pipeline.metrics.changes.since import Since
from analytics_pipeline.metrics.cohort_inputs import (
    COURSES_APART,
    cohort_frame,
    cohort_inputs,
    cohort_parameters,
    of_cohorts,
    of_kept_days,
)
from analytics_pipeline.metrics.last_publication import LookupFiles
from analytics_pipeline.metrics.models import COHORT, Model, model
from analytics_pipeline.metrics.unknown_refunds import all_unknown_refunds, expect_unknown_refunds
from analytics_pipeline.run import PipelineRun

QUIZZES = model("quiz_cohort")


def count_cohorts(
    run: PipelineRun, as_of: date, since: Since | None, kept_since: date | None, folder: Path
) -> tuple[dict[str, NewRows], LookupFiles]:
    """The new rows of each table, in files of `folder`, and the lookup files of the next night.

    Without `since` every cohort is counted. Tells the publication's checks, on the run's connection, what to
    expect of them.
    """
    relations, parameters = cohort_inputs(run, as_of), cohort_parameters(run.settings, as_of)

    def count_all(*models: Model) -> dict[str, NewRows]:
        with run.models.reading(relations) as reading:
            return {
                model.name: _write(reading, model, of_kept_days(model.sql, kept_since), parameters, folder)
                for model in models
            }

    def count_quizzes(moved: Moved) -> NewRows:
        cohorts = moved.quiz_cohorts
        read = {**relations, "learner_days": moved.quiz_days, "moved_cohorts": cohort_frame(cohorts)}
        with run.engine.reading(read) as reading:
            counted = _write(reading, QUIZZES, of_cohorts(QUIZZES.sql), parameters, folder)
        return replace(counted, cohorts=cohorts)

    moved = None if since is None else find_moved(run, since, as_of, relations, folder)
    counted = None if moved is None else moved.changes
    if counted is None:
        with run.engine.reading(relations) as reading:
            unknown = all_unknown_refunds(reading, parameters)
        counted = Counted(count_all(*(each for each in COHORT if moved is None or each != QUIZZES)), unknown)
    expect(run.connection, counted.expected)
    expect_unknown_refunds(run.connection, counted.unknown_refunds, kept_since)
    if moved is None:
        return dict(counted.rows), LookupFiles()
    return {**counted.rows, QUIZZES.name: count_quizzes(moved)}, moved.lookups


def _write(reading: Reading, model: Model, sql: str, parameters: Parameters, folder: Path) -> NewRows:
    path = folder / f"{model.name}.csv"
    reading.write_csv(sql, parameters, path, COURSES_APART)
    return NewRows(model.table, path)
