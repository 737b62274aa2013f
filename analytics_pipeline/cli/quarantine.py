"""`analytics quarantine`: rejected events, without their bodies unless these are asked for."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Annotated

import psycopg
import typer

from analytics_pipeline.cli.days import parse_day
from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import progress, say, table
from analytics_pipeline.database.urls import Role, ensure_url
from analytics_pipeline.events import Reason
from analytics_pipeline.ingest.rules import rules_of
from analytics_pipeline.quarantine import replay as replaying
from analytics_pipeline.quarantine import rows
from analytics_pipeline.quarantine.rows import Row, Selection
from analytics_pipeline.settings import load_settings

SHOWN_OF_ID = 12

quarantine = typer.Typer(help="Events that were rejected: inspect, replay, drop.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Only these, by id or beginning.")]
OfReason = Annotated[Reason | None, typer.Option("--reason", help="Only those rejected for this reason.")]
From = Annotated[
    date | None, typer.Option("--from", metavar="DAY", parser=parse_day, help="Only from this site day on.")
]
To = Annotated[
    date | None, typer.Option("--to", metavar="DAY", parser=parse_day, help="Only up to this site day.")
]


@quarantine.command("list")
def list_quarantine(
    ids: Ids = None,
    *,
    reason: OfReason = None,
    first: From = None,
    last: To = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the newest first.")] = 50,
    bodies: Annotated[
        bool, typer.Option("--bodies", help="Print the events themselves, one JSON object a line.")
    ] = False,
) -> None:
    """List rejected events and why; bodies, which may name learners, only when asked for."""
    selection = _selection(ids, reason, first, last)
    with _connected(Role.PIPELINE) as connection:
        found = rows.newest(connection, selection, limit)
        counts = rows.count(connection, selection)
    if bodies:
        for row in found:
            say(json.dumps(_with_body(row)))
        return
    table(
        ("id", "received", "day", "event", "type", "course", "reason"),
        [
            (r.id[:SHOWN_OF_ID], r.received_at, r.day, r.event_id, r.event_type, r.course_id, r.reason)
            for r in found
        ],
    )
    say(f"Shown: {len(found):,} of {sum(counts.values()):,}{_kinds(counts)}.")


@quarantine.command("replay")
def replay_quarantine(
    ids: Ids = None,
    *,
    reason: OfReason = None,
    first: From = None,
    last: To = None,
) -> None:
    """Judge rejected events anew; those that are sound by now go into the inbox and leave the quarantine."""
    selection = _selection(ids, reason, first, last)
    rules = rules_of(load_settings())
    with (
        _connected(Role.PIPELINE) as pipeline,
        _connected(Role.INGEST) as ingest,
        progress("events replayed") as report,
    ):
        done = replaying.replay(pipeline, ingest, rules, selection, report)
    say(f"Put into the inbox, for the next run to count: {done.accepted:,}.")
    if done.rejected:
        say(f"Still rejected: {done.rejected.total():,}{_kinds(done.rejected)}.")
    if done.left:
        say(
            f"Left as they are: {done.left:,}, since they lack another event and not another rule (conflicts,"
            " refunds of unknown orders); --reason tries them all the same."
        )


@quarantine.command("drop")
def drop_quarantine(
    ids: Ids = None,
    *,
    reason: OfReason = None,
    first: From = None,
    last: To = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete rejected events for good, after asking."""
    selection = _selection(ids, reason, first, last)
    with _connected(Role.PIPELINE) as connection:
        counts = rows.count(connection, selection)
        if counts and not yes:
            typer.confirm(
                f"Delete for good what was rejected: {sum(counts.values()):,}{_kinds(counts)}?", abort=True
            )
        dropped = rows.drop(connection, selection) if counts else 0
    say(f"Dropped: {dropped:,}.")


def _selection(
    ids: list[str] | None, reason: Reason | None, first: date | None, last: date | None
) -> Selection:
    for text in ids or ():
        if re.fullmatch(r"[0-9a-f]{6,64}", text) is None:
            raise CommandError(
                f"{text!r} is no id of a rejected event; take one from `analytics quarantine list`."
            )
    if first and last and last < first:
        raise CommandError(f"A range cannot end ({last}) before it begins ({first}); swap --from and --to.")
    return Selection(ids or (), reason, first, last)


@contextmanager
def _connected(role: Role) -> Iterator[psycopg.Connection]:
    settings = load_settings()
    with psycopg.connect(ensure_url(settings, role), autocommit=True) as connection:
        yield connection


def _with_body(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "receivedAt": row.received_at.isoformat(),
        "day": row.day.isoformat(),
        "keyId": row.key_id,
        "reason": row.reason,
        "body": row.body.decode("utf-8", "backslashreplace"),
    }


def _kinds(counts: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{number:,} {kind}' for kind, number in counts.items())})" if counts else ""
