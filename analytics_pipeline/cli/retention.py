"""`analytics prune` and `analytics erase`."""

from typing import Annotated

import psycopg
import typer

from analytics_pipeline.console import say
from analytics_pipeline.database.urls import Role, ensure_url
from analytics_pipeline.erasure.erase import erase_learner
from analytics_pipeline.maintenance import maintenance_run
from analytics_pipeline.retention.prune import preview_pruning, prune
from analytics_pipeline.settings import load_settings


def prune_command(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without, only say what would go.")] = False,
) -> None:
    """Let go of what is older than the settings keep; published numbers stay."""
    settings = load_settings()
    if not apply:
        with psycopg.connect(ensure_url(settings, Role.PIPELINE), autocommit=True) as connection:
            pruning = preview_pruning(connection, settings)
        say("Would go (nothing was changed; do it with --apply):")
    else:
        with maintenance_run(settings, "prune", say) as run:
            pruning = prune(run, say)
        say("Gone:")
    for sentence in pruning.sentences():
        say(f"  {sentence}")


def erase_command(
    learner: Annotated[
        str, typer.Argument(metavar="LEARNER", help="The platform's id of the learner, or the pseudonym.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a learner for good: every event, and from every number that still can be computed.

    Prints the receipt of what was done, and of what could not be reached.
    """
    settings = load_settings()
    if not yes:
        typer.confirm("Erase every event of this learner for good?", abort=True)
    with maintenance_run(settings, "erase", say) as run:
        receipt = erase_learner(run, learner, say)
    for sentence in receipt.sentences():
        say(sentence)
    if receipt.finished_at is None:
        say("Correct what is named above, then erase the learner again.")
        raise typer.Exit(1)
