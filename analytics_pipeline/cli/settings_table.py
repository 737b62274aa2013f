"""`analytics settings`."""

from analytics_pipeline.console import table
from analytics_pipeline.settings import Settings, load_settings


def settings_table() -> None:
    """Show every setting with its value and meaning; secrets are masked."""
    table(("setting", "value", "meaning"), setting_rows(load_settings()))


def setting_rows(settings: Settings) -> list[tuple[str, object, str]]:
    """Variable, value and meaning of every setting, in the order of their definition."""
    return [
        (f"ANALYTICS_{name.upper()}", getattr(settings, name), field.description or "")
        for name, field in type(settings).model_fields.items()
    ]
