"""Puts the commands together and turns what can be foreseen into one sentence and exit code 1."""

from collections.abc import Iterable, Sequence
from importlib import import_module

import typer

from analytics_pipeline.cli.errors import foreseen_errors_exit

# Module and function of each command. Only what is asked for is imported: pandas alone takes half a second.
COMMANDS = {
    "up": ("services", "up"),
    "demo": ("services", "demo"),
    "status": ("status", "status"),
    "settings": ("settings_table", "settings_table"),
    "migrate": ("database", "migrate_command"),
    "database-url": ("database", "database_url"),
    "reset": ("database", "reset"),
    "import": ("events", "import_command"),
    "simulate": ("events", "simulate_command"),
    "run": ("runs", "run"),
    "runs": ("run_log", "runs"),
    "metrics": ("metrics", "metrics"),
    "prune": ("retention", "prune_command"),
    "erase": ("retention", "erase_command"),
    "rezone": ("rezone", "rezone_command"),
    "sql": ("shell", "sql"),
    "keys": ("access", "keys"),
    "tokens": ("access", "tokens"),
    "quarantine": ("quarantine", "quarantine"),
}


def build_app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The application with these commands."""
    app = typer.Typer(
        name="analytics",
        help="Learner analytics: events in at an HTTP door, daily numbers out.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # With a callback a single command keeps its name.
    app.callback()(lambda: None)
    for name in names:
        module, attribute = COMMANDS[name]
        command = getattr(import_module(f"analytics_pipeline.cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def run(arguments: Sequence[str]) -> None:
    """Run the command that these words name; ends by SystemExit."""
    app = build_app(arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS)
    with foreseen_errors_exit(1):
        app(arguments)
