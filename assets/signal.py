"""The asset `signal`: what the rules find."""

import time

import dagster as dg

from analytics_pipeline.database import tables
from analytics_pipeline.signals.evaluate import evaluate_signals
from assets.preview import preview
from assets.specs import POOL, SIGNALS
from resources import CurrentRun


@dg.asset(
    group_name=SIGNALS,
    kinds={"postgres", "pandas"},
    deps=["lesson_daily", "lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"],
    pool=POOL,
    metadata={"dagster/table_name": "analytics.signal"},
)
def signal(context: dg.AssetExecutionContext, current_run: CurrentRun) -> dg.MaterializeResult:
    """Lessons and courses that call for a person's attention: one row from opening to resolution.

    A rule looks at the latest mature learners. It fires only with enough of them, and when the whole 99 %
    interval of their rate lies beyond its threshold; it resolves at a softer one. A lesson is silent when
    nobody views it while its neighbours go on. What cannot be judged for 14 days resolves. The rules are
    evaluated once for each as-of day, in order, also when several nights are caught up; evaluating them again
    changes nothing. The evidence holds the counts from which a finding can be checked by hand.
    """
    run = current_run.pipeline
    started = time.monotonic()
    evaluations = evaluate_signals(run, context.log.info)
    return dg.MaterializeResult(
        metadata={
            "as-of days evaluated": len(evaluations),
            "opened": sum(each.opened for each in evaluations),
            "resolved": sum(each.resolved for each in evaluations),
            "run seconds": round(time.monotonic() - started, 2),
            "preview": preview(run.connection, tables.signal),
        }
    )
