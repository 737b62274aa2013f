"""Publishing the metrics: the daily tables of some days, and the cohort tables as of a day."""

from analytics_pipeline.metrics.cohorts import CohortPublication, publish_cohorts
from analytics_pipeline.metrics.daily import DailyPublication, publish_daily

__all__ = ["CohortPublication", "DailyPublication", "publish_cohorts", "publish_daily"]
