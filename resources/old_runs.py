"""Takes old runs out of Dagster's records, whose event log would otherwise grow without bound."""

from datetime import datetime

import dagster as dg
from psycopg import Connection

MOST_RUNS = 500
"""Of one night; more wait for the next."""

_COPIED = "SELECT run_id FROM analytics.job_run WHERE run_id = ANY(%s) AND ended_at IS NOT NULL"
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def prune_runs(instance: dg.DagsterInstance, connection: Connection, before: datetime) -> int:
    """Delete runs that ended before this instant and that the audit log holds, oldest first; how many.

    Their events go with them, materializations included: Dagster then shows such days as missing. No day is
    due for that, since what is due is judged from the lake's catalogue. A run that the audit log does not
    hold as ended stays.
    """
    ended = dg.RunsFilter(statuses=ENDED, updated_before=before)
    old = [run.run_id for run in instance.get_runs(ended, limit=MOST_RUNS, ascending=True)]
    copied = {run_id for (run_id,) in connection.execute(_COPIED, [old])}
    for run_id in old:
        if run_id in copied:
            instance.delete_run(run_id)
    return len(copied)
