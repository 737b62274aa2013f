"""The page that tells whether the pipeline works."""

from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from analytics_pipeline.admin.api.parameters import Cursor
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.dashboard.signing import SignedIn
from analytics_pipeline.admin.dashboard.standing import read_standing
from analytics_pipeline.admin.reading.runs import read_runs
from analytics_pipeline.admin.service import ServiceOf
from analytics_pipeline.audit.job_run import Trigger

router = APIRouter(include_in_schema=False)

PAGE_LENGTH = 25

TRIGGERS = {
    Trigger.SCHEDULE: "the schedule",
    Trigger.SENSOR: "the sensor for due days",
    Trigger.UI: "a person, in Dagster",
    Trigger.BACKFILL: "a backfill",
    Trigger.CLI: "the command line",
}


@router.get("/runs")
def runs_page(service: ServiceOf, viewer: SignedIn, cursor: Cursor = None) -> HTMLResponse:
    """Is it alive, when did it last succeed, what is it doing, and what happened before."""
    rules = service.rules
    with service.view(viewer) as view:
        standing = read_standing(view, datetime.now(UTC))
        answer = read_runs(view, cursor=cursor, limit=PAGE_LENGTH)
    return page(
        "runs.html", standing=standing, answer=answer, cursor=cursor, triggers=TRIGGERS, zone=rules.zone
    )
