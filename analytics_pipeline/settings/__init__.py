"""Every setting, once: from the environment or a `.env` file, checked at start."""

from analytics_pipeline.settings.courses import SignalOverride
from analytics_pipeline.settings.environment import Settings, WrongSettingError, load_settings

__all__ = ["Settings", "SignalOverride", "WrongSettingError", "load_settings"]
