"""The command line `analytics`: one module per group of commands."""

from analytics_pipeline.cli.app import main

__all__ = ["main"]
