"""All numbers of some days from their events, for what changes events that are sealed."""

from collections.abc import Callable, Sequence
from datetime import date

from analytics_pipeline.lake.learner_days import build_learner_days
from analytics_pipeline.metrics.publication import publish_cohorts, publish_daily
from analytics_pipeline.run import PipelineRun


def recompute(
    run: PipelineRun, days: Sequence[date], report: Callable[[str], None], cause: str | None
) -> dict[date, str]:
    """Bring the numbers of these days and all cohorts up to date; the days that failed, with why.

    `cause` is why numbers differ, where the caller knows better than what the catalogue tells.
    """
    failures = dict(build_learner_days(run, days, report).failures)
    sound = [day for day in days if day not in failures]
    failures |= publish_daily(run, sound, report, cause).failures
    publish_cohorts(run, cause)
    return failures
