"""All settings, as the environment or a `.env` file gives them to a process, and as it hands them on."""

import json
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from analytics_pipeline.settings.courses import CourseSettings
from analytics_pipeline.settings.sentences import sentence_of
from analytics_pipeline.settings.site import SiteSettings


class WrongSettingError(Exception):
    """A setting cannot be used; the message is one sentence that names it and says what would do."""


class Settings(CourseSettings, SiteSettings, BaseSettings):
    """The settings of all services. Each is read from `ANALYTICS_<NAME>`; the description is its manual."""

    model_config = SettingsConfigDict(
        env_prefix="ANALYTICS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    def as_environment(self) -> dict[str, str]:
        """The variables that give a process these very settings, whatever folder it starts in."""
        values = self.model_dump() | {"home": self.home.absolute()}
        if self.lake is not None and "://" not in self.lake:
            values["lake"] = str(Path(self.lake).absolute())
        if self.catalogue_file is not None:
            values["catalogue_file"] = self.catalogue_file.absolute()
        return {f"ANALYTICS_{name.upper()}": _as_text(value) for name, value in values.items()}


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return json.dumps(value)
    return "" if value is None else str(value)


def load_settings() -> Settings:
    """Read the settings; raise WrongSettingError with one sentence on the first that cannot be used."""
    try:
        return Settings()
    except (ValidationError, SettingsError) as error:
        raise WrongSettingError(sentence_of(error)) from error
