"""The pages that are written from the code, by their place in docs."""

from docs.generator.alerts import alerts_page
from docs.generator.commands import commands_page
from docs.generator.contents import contents_page
from docs.generator.http import http_page
from docs.generator.metrics import metrics_page
from docs.generator.settings import settings_page
from docs.generator.tables import tables_page


def pages() -> dict[str, str]:
    """Every page as it should stand."""
    reference = {
        "reference/settings.md": settings_page(),
        "reference/cli.md": commands_page(),
        "reference/api.md": http_page(),
        "reference/tables.md": tables_page(),
        "reference/metrics.md": metrics_page(),
        "reference/alerts.md": alerts_page(),
    }
    return reference | {"README.md": contents_page(reference)}
