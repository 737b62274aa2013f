"""The command line `analytics`: one module per group of commands."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command `analytics`; ends by SystemExit."""
    try:
        # Ctrl-C may come while the commands are still being imported.
        from analytics_pipeline.cli.app import run  # noqa: PLC0415

        run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        sys.exit(130)
