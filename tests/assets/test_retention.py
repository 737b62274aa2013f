"""Old runs leave Dagster's records when the audit log holds them, and no day is due for that."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from analytics_pipeline.days import DayRange
from analytics_pipeline.lake.catalogue import due_days
from resources.old_runs import prune_runs
from tests.dagster_site import FIRST, Site, materialized

DAYS = DayRange(FIRST, FIRST + timedelta(days=1))


def test_a_run_goes_when_it_is_old_and_the_audit_log_holds_it_and_its_days_stay_published(site: Site) -> None:
    site.deliver(list(DAYS))
    outcome = site.execute(DAYS)
    assert outcome.success
    before = site.count("analytics.course_daily")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with site.instance() as instance, site.database.connect("pipeline") as connection:
        assert materialized(instance, "retention") == []
        assert instance.get_latest_materialization_event(dg.AssetKey("retention")) is not None
        assert prune_runs(instance, connection, datetime.now(UTC) - timedelta(days=1)) == 0

        connection.execute("UPDATE analytics.job_run SET ended_at = NULL")
        assert prune_runs(instance, connection, tomorrow) == 0
        assert instance.get_run_by_id(outcome.run_id) is not None

        connection.execute("UPDATE analytics.job_run SET ended_at = now()")
        assert prune_runs(instance, connection, tomorrow) == 1
        assert instance.get_run_by_id(outcome.run_id) is None
        assert materialized(instance, "raw_events") == []
        assert due_days(connection, DAYS.last + timedelta(days=1)) == []
    assert site.count("analytics.course_daily") == before
    assert site.number("SELECT count(*) FROM analytics.job_run WHERE run_id = %s", outcome.run_id) == 1
