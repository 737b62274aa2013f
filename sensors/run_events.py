"""Reading what a run has told Dagster."""

from collections.abc import Iterator

import dagster as dg

_PAGE = 1000
_FAILURES = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
_MATERIALIZATIONS = {dg.DagsterEventType.ASSET_MATERIALIZATION}


def failures_of(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEvent]:
    """The events that tell why the run failed, in order; none where it did not."""
    return list(_of_type(instance, run_id, _FAILURES))


def materializations_of(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetMaterialization]:
    """What the run has materialized, each day of each asset by itself."""
    done = _of_type(instance, run_id, _MATERIALIZATIONS)
    return [event.step_materialization_data.materialization for event in done]


def _of_type(
    instance: dg.DagsterInstance, run_id: str, types: set[dg.DagsterEventType]
) -> Iterator[dg.DagsterEvent]:
    cursor = None
    while True:
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=types, limit=_PAGE)
        for record in page.records:
            if (event := record.event_log_entry.dagster_event) is not None:
                yield event
        if not page.has_more:
            return
        cursor = page.cursor
