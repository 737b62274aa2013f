"""The new rows of the cohort tables: of every cohort, or of those that may have moved since the last time."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from analytics_pipeline.database.new_rows import NewRows
from analytics_pipeline.engine import Parameters, Reading
from analytics_pipeline.metrics.cohort_inputs import (
    COURSES_APART,
    cohort_frame,
    cohort_inputs,
    cohort_parameters,
    of_cohorts,
    of_kept_days,
)
from analytics_pipeline.metrics.last_publication import CarriedFiles
from analytics_pipeline.metrics.lesson_changes import LESSONS, expect_learners
from analytics_pipeline.metrics.models import COHORT, Model
from analytics_pipeline.metrics.moved import LEVELS, find_moved
from analytics_pipeline.metrics.since import Since
from analytics_pipeline.metrics.unknown_refunds import find_unknown_refunds
from analytics_pipeline.run import PipelineRun


def count_cohorts(
    run: PipelineRun, as_of: date, since: Since | None, kept_since: date | None, folder: Path
) -> tuple[dict[str, NewRows], CarriedFiles]:
    """The new rows of each table, in files of `folder`, and what is carried on.

    Without `since` every cohort is counted. Puts the refunds of no known order into the connection, as
    `find_unknown_refunds` says.
    """
    relations, parameters = cohort_inputs(run, as_of), cohort_parameters(run.settings, as_of)

    def find_refunds(reading: Reading, *, of_moved: bool) -> None:
        find_unknown_refunds(run.connection, reading, parameters, kept_since, of_moved=of_moved)

    def count_all(*models: Model) -> dict[str, NewRows]:
        with run.models.reading(relations) as reading:
            return {
                model.name: _write(reading, model, of_kept_days(model.sql, kept_since), parameters, folder)
                for model in models
            }

    expect_learners(run.connection)
    if since is None:
        with run.engine.reading(relations) as reading:
            find_refunds(reading, of_moved=False)
        return count_all(*COHORT), CarriedFiles()
    moved = find_moved(run, since, as_of, relations, folder)
    new_rows: dict[str, NewRows] = {}
    for level in dict.fromkeys(LEVELS.values()):
        models = [model for model in COHORT if LEVELS.get(model.name) == level]
        cohorts, learner_days = moved.cohorts[models[0].name], moved.learner_days[models[0].name]
        read = {**relations, "learner_days": learner_days, "moved_cohorts": cohort_frame(cohorts)}
        with run.engine.reading(read) as reading:
            if LEVELS["course_refund"] == level:
                find_refunds(reading, of_moved=True)
            for model in models:
                counted = _write(reading, model, of_cohorts(model.sql), parameters, folder)
                new_rows[model.name] = replace(counted, cohorts=cohorts)
    return new_rows | ({LESSONS.name: moved.lessons} if moved.lessons else count_all(LESSONS)), moved.carried


def _write(reading: Reading, model: Model, sql: str, parameters: Parameters, folder: Path) -> NewRows:
    path = folder / f"{model.name}.csv"
    reading.write_csv(sql, parameters, path, COURSES_APART)
    return NewRows(model.table, path)
