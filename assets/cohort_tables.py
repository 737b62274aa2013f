"""The assets `lesson_cohort`, `quiz_cohort`, `course_funnel` and `course_refund`: published together."""

import time
from collections.abc import Iterator, Mapping

import dagster as dg

from analytics_pipeline.database.checks import CheckFailedError
from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.metrics.cohort_checks import COHORT_CHECKS
from analytics_pipeline.metrics.models import COHORT
from analytics_pipeline.metrics.publication import publish_cohorts
from assets.checks import check_specs, report_checks
from assets.days import Metadata
from assets.preview import preview
from assets.specs import COHORT_TABLES, POOL, table_spec
from resources import CurrentRun

ALSO = {"course_funnel": ["course_catalogue"]}
"""What a table rests on beside learner days: windows and required lessons come from the catalogue."""

NAMED = 10
"""Failed courses that the error names; all of them are in its metadata."""


@dg.multi_asset(
    # As-of is the last day up to which all days are published: hence after the daily tables.
    specs=[
        table_spec(model, COHORT_TABLES, ["learner_days", "event_day", *ALSO.get(model.name, [])])
        for model in COHORT
    ],
    check_specs=check_specs(COHORT_CHECKS, COHORT),
    pool=POOL,
)
def cohort_tables(context: dg.AssetExecutionContext, current_run: CurrentRun) -> Iterator[object]:
    """Publish all cohort tables as of the last day without a gap before it."""
    started = time.monotonic()
    try:
        publication = publish_cohorts(current_run.pipeline)
    except CheckFailedError as error:
        yield from report_checks(COHORT_CHECKS, COHORT, error.results)
        raise
    if publication is None:
        context.log.info("No day is complete yet, so cohorts and signals have nothing to count.")
    results = publication.published.checks if publication else []
    for model in COHORT:
        metadata: Metadata = {"run seconds": round(time.monotonic() - started, 2)}
        if publication is not None:
            metadata |= {
                "as of": str(publication.as_of),
                "dagster/row_count": publication.published.rows[model.name],
                "run counted": "every cohort" if publication.counted_all else "cohorts that moved",
                "run revisions": publication.published.revisions,
                "preview": preview(current_run.pipeline.connection, model.table),
            }
        yield dg.MaterializeResult(asset_key=model.name, metadata=metadata)
    yield from report_checks(COHORT_CHECKS, COHORT, results)
    if publication is not None:
        fail_for_courses(publication.failures())


def fail_for_courses(failures: Mapping[str | None, str]) -> None:
    """Fail the step when courses were set aside, with a sentence that names them."""
    if failures:
        named = [f"{course}: {reason.rstrip('.')}" for course, reason in list(failures.items())[:NAMED]]
        more = f"; and {len(failures) - NAMED} more" if len(failures) > NAMED else ""
        raise dg.Failure(
            description=(
                f"{len(failures)} of the courses failed (the others went through): {'; '.join(named)}{more}."
            ),
            metadata={
                "failed courses": dg.MetadataValue.md(markdown_table(["course", "reason"], failures.items()))
            },
            allow_retries=False,
        )
