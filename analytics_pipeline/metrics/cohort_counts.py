"""The new rows of the cohort tables: of every cohort, or of those that may have moved since the last time."""

from datetime import date
from pathlib import Path

from analytics_pipeline.database.new_rows import NewRows
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
from analytics_pipeline.metrics.moved import Moved, find_moved
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

    def count_all(model: Model) -> NewRows:
        path = folder / f"{model.name}.csv"
        sql = of_kept_days(model.sql, kept_since)
        run.models.write_csv(sql, relations, parameters, path, COURSES_APART)
        return NewRows(model.table, path)

    def count_moved(model: Model, moved: Moved) -> NewRows:
        path, cohorts = folder / f"{model.name}.csv", moved.cohorts[model.name]
        read = {
            **relations,
            "learner_days": moved.learner_days[model.name],
            "moved_cohorts": cohort_frame(cohorts),
        }
        run.engine.write_csv(of_cohorts(model.sql), read, parameters, path, COURSES_APART)
        return NewRows(model.table, path, cohorts)

    expect_learners(run.connection)
    if since is None:
        find_unknown_refunds(run, relations, parameters, kept_since, None)
        return {model.name: count_all(model) for model in COHORT}, CarriedFiles()
    moved = find_moved(run, since, as_of, relations, folder)
    refunds = {**relations, "learner_days": moved.learner_days["course_refund"]}
    find_unknown_refunds(run, refunds, parameters, kept_since, moved.cohorts["course_refund"])
    new_rows = {model.name: count_moved(model, moved) for model in COHORT if model.name in moved.cohorts}
    new_rows[LESSONS.name] = moved.lessons or count_all(LESSONS)
    return new_rows, moved.carried
