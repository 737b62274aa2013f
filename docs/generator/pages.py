"""The pages of the reference, by file name."""

from docs.generator.commands import commands_page
from docs.generator.http import http_page
from docs.generator.metrics import metrics_page
from docs.generator.settings import settings_page
from docs.generator.tables import tables_page


def pages() -> dict[str, str]:
    """Every page as it should stand in docs/reference."""
    return {
        "settings.md": settings_page(),
        "cli.md": commands_page(),
        "api.md": http_page(),
        "tables.md": tables_page(),
        "metrics.md": metrics_page(),
    }
