"""The rules for events that the settings make."""

from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.intake import Rules
from analytics_pipeline.ingest.pseudonym import pseudonymiser
from analytics_pipeline.settings import Settings


def rules_of(settings: Settings) -> Rules:
    """The site's rules for events."""
    key = settings.pseudonym_key
    return Rules(
        calendar=Calendar(settings.zone, settings.first_day),
        retention_days=settings.retention_days,
        pseudonym=None if key is None else pseudonymiser(key.get_secret_value()),
    )
