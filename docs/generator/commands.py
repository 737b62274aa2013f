"""The command line, from the application that parses it.

Typer carries its own copy of click, whose classes it does not export; so commands are `Any` here.
"""

from collections.abc import Iterator
from typing import Any

import typer

from analytics_pipeline.cli.app import build_app
from analytics_pipeline.markdown import markdown_table
from docs.generator.markdown import page, section


def commands_page() -> str:
    """Every command with its arguments and options."""
    sections = [_command(path, command) for path, command in _walk("analytics", _root())]
    return page(
        "Command line",
        "`analytics` is installed into `.venv/bin`. What can be foreseen ends with one sentence and exit "
        "code 1; wrong usage ends with 2.",
        *sections,
    )


def _root() -> Any:
    return typer.main.get_command(build_app())


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if not children:
        yield path, command
        return
    for name, child in children.items():
        yield from _walk(f"{path} {name}", child)


def _command(path: str, command: Any) -> str:
    parameters = [each for each in command.params if each.name != "help"]
    return section(f"`{path}`", command.help or "", _parameters(parameters))


def _parameters(parameters: list[Any]) -> str:
    if not parameters:
        return ""
    return markdown_table(
        ("Argument or option", "Meaning"), [(_name(each), _meaning(each)) for each in parameters]
    )


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        more = "..." if parameter.nargs == -1 else ""
        return f"`{parameter.metavar}{more}`"
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return f"`{names}`"


def _meaning(parameter: Any) -> str:
    words = str(getattr(parameter, "help", None) or "")
    if parameter.required:
        return f"{words} Required."
    default = parameter.default
    return (
        words if default in (None, False, "", []) or callable(default) else f"{words} Default: `{default}`."
    )
