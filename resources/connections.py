"""The connections of a process to Dagster's database."""

import dagster as dg


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Let this process keep its connections to Dagster's database, as the webserver does.

    One connection for each event, with its handshake, is most of what a range of a thousand days costs.
    """
    instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=300, max_overflow=20)
