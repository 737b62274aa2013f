"""The course catalogue within a night: optional, and never what stops one."""

from pathlib import Path

import dagster as dg

from analytics_pipeline.days import DayRange
from sensors.execution import Outcome
from tests.dagster_site import FIRST, Site

DAY = DayRange(FIRST, FIRST)
CATALOGUE = "course_id,course_title,lesson_idx,lesson_title,required\ncourse-1,Algebra,0,Sets,true\n"


def catalogue_check(instance: dg.DagsterInstance, outcome: Outcome) -> tuple[bool, str]:
    """Whether the catalogue's check passed in this run, and the problem that it names."""
    (evaluation,) = [
        entry.dagster_event.asset_check_evaluation_data
        for entry in instance.all_logs(outcome.run_id)
        if entry.dagster_event is not None
        and entry.dagster_event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
        and entry.dagster_event.asset_check_evaluation_data.check_name == "catalogue_is_current"
    ]
    return evaluation.passed, str(evaluation.metadata["problem"].value)


def materialized_by(instance: dg.DagsterInstance) -> tuple[str, dict[str, object]]:
    """The run that recorded the catalogue last, and what it recorded."""
    event = instance.get_latest_materialization_event(dg.AssetKey("course_catalogue"))
    assert event is not None
    assert event.asset_materialization is not None
    return event.run_id, {name: entry.value for name, entry in event.asset_materialization.metadata.items()}


def test_without_a_source_the_night_says_so_and_goes_on(site: Site) -> None:
    site.deliver([FIRST])
    outcome = site.execute(DAY)
    assert outcome.success, outcome.error
    with site.instance() as instance:
        run_id, recorded = materialized_by(instance)
        assert (run_id, catalogue_check(instance, outcome)) == (outcome.run_id, (True, "none"))
    assert "No source is set" in str(recorded["source"])
    assert site.number("SELECT count(*) FROM analytics.course_funnel WHERE completed_required IS NULL") > 0


def test_a_broken_source_keeps_the_old_catalogue_is_named_and_stops_no_night(
    site: Site, tmp_path: Path
) -> None:
    source = tmp_path / "courses.csv"
    source.write_text(CATALOGUE)
    site.environment["ANALYTICS_CATALOGUE_FILE"] = str(source)
    site.deliver([FIRST])
    good = site.execute(DAY)
    assert good.success, good.error
    source.write_text("nonsense")
    bad = site.execute(DAY)
    assert bad.success, bad.error
    with site.instance() as instance:
        run_id, recorded = materialized_by(instance)
        assert (run_id, recorded["courses"], recorded["rows added"]) == (good.run_id, 1, 2)
        assert catalogue_check(instance, good) == (True, "none")
        assert catalogue_check(instance, bad) == (False, f"{source}: there is no column course_id.")
    assert site.number("SELECT count(*) FROM analytics.course WHERE title = 'Algebra'") == 1
    assert site.number("SELECT sum(entered)::int FROM analytics.course_funnel WHERE progress_sum = 0") == 3
