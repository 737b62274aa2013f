"""What the numbers mean, from the head of the SQL that computes them."""

from analytics_pipeline.metrics.models import COHORT, DAILY, SUMMARIES
from docs.generator.markdown import page, section


def metrics_page() -> str:
    """The definition of every published table, in the order in which a night publishes them."""
    return page(
        "Metrics",
        "The definition of each published table, as it stands at the head of its model in "
        "`analytics_pipeline/metrics/`. The API serves the same text under "
        "`/api/admin/analytics/definitions`, and the dashboard shows it beside the numbers.",
        *(section(f"`{model.name}`", model.definition) for model in (*DAILY, *COHORT, *SUMMARIES)),
    )
