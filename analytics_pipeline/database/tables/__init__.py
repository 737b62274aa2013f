"""The tables of the database, their comments included. The migrations create them; nothing else does.

Schema `ingest` holds what has not been sealed yet, schema `analytics` what people and services read.
"""

from analytics_pipeline.database.tables.catalogue import course, course_lesson
from analytics_pipeline.database.tables.cohorts import (
    cohort_publication,
    course_funnel,
    course_refund,
    lesson_cohort,
    quiz_cohort,
)
from analytics_pipeline.database.tables.columns import EVENT_TYPE, PERSONS, metadata
from analytics_pipeline.database.tables.daily import course_daily, event_day, lesson_daily
from analytics_pipeline.database.tables.erasure import erasure, tombstone
from analytics_pipeline.database.tables.ingest import inbox, quarantine, write_key
from analytics_pipeline.database.tables.lake import duplicate_count, lake_day, quarantine_count
from analytics_pipeline.database.tables.operations import admin_token, metric_revision, site, turn
from analytics_pipeline.database.tables.runs import job_run, publication_failure
from analytics_pipeline.database.tables.signals import signal, signal_evaluation
from analytics_pipeline.database.tables.windows import (
    course_to_date,
    course_week,
    course_window,
    lesson_week,
    site_day,
)

__all__ = [
    "EVENT_TYPE",
    "PERSONS",
    "admin_token",
    "cohort_publication",
    "course",
    "course_daily",
    "course_funnel",
    "course_lesson",
    "course_refund",
    "course_to_date",
    "course_week",
    "course_window",
    "duplicate_count",
    "erasure",
    "event_day",
    "inbox",
    "job_run",
    "lake_day",
    "lesson_cohort",
    "lesson_daily",
    "lesson_week",
    "metadata",
    "metric_revision",
    "publication_failure",
    "quarantine",
    "quarantine_count",
    "quiz_cohort",
    "signal",
    "signal_evaluation",
    "site",
    "site_day",
    "tombstone",
    "turn",
    "write_key",
]
