"""The asset `course_catalogue`: titles, required lessons and windows, where the platform offers them."""

from collections.abc import Iterator

import dagster as dg

from analytics_pipeline.course_catalogue.refresh import refresh_catalogue
from analytics_pipeline.database import tables
from assets.days import NO_EVENT
from assets.preview import preview
from assets.specs import CATALOGUE, POOL
from resources import CurrentRun

NO_SOURCE = (
    "No source is set, so courses and lessons are shown by their ids. Set ANALYTICS_CATALOGUE_FILE or"
    " ANALYTICS_CATALOGUE_VIEW for titles and completion by required lessons."
)


@dg.asset(
    group_name=CATALOGUE,
    kinds={"postgres"},
    pool=POOL,
    check_specs=[
        dg.AssetCheckSpec(
            "catalogue_is_current",
            asset="course_catalogue",
            description="The source was read and made sense; where it did not, the old catalogue stands.",
        )
    ],
    metadata={"dagster/table_name": "analytics.course_lesson"},
)
def course_catalogue(context: dg.AssetExecutionContext, current_run: CurrentRun) -> Iterator[object]:
    """Titles of courses and lessons, the lessons that a course requires, and funnel windows of its own.

    Optional, and read only: from a CSV or JSON file, or from a view in the platform's database. Rows that did
    not change keep their run. A source that cannot be read leaves the old catalogue in place and stops no
    night: its check fails and says why, and the asset is not recorded as materialized.
    """
    run = current_run.pipeline
    refresh = refresh_catalogue(run)
    if refresh.source is None:
        context.log.info(NO_SOURCE)
        yield dg.MaterializeResult(metadata={"source": NO_SOURCE})
    elif refresh.problem is not None:
        context.log.warning("The old course catalogue stands. %s", refresh.problem)
        yield dg.MaterializeResult(metadata={NO_EVENT: True})
    else:
        yield dg.MaterializeResult(
            metadata={
                "source": refresh.source,
                "courses": refresh.courses,
                "lessons": refresh.lessons,
                "rows removed": refresh.changes.removed,
                "rows added": refresh.changes.added,
                "preview": preview(run.connection, tables.course_lesson),
            }
        )
    yield dg.AssetCheckResult(
        passed=refresh.problem is None,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"problem": refresh.problem or "none", "source": refresh.source or "none"},
    )
