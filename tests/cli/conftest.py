from collections.abc import Callable
from pathlib import Path

import pytest

from analytics_pipeline.cli import main
from analytics_pipeline.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME, and no setting from the outside."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ANALYTICS_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANALYTICS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def analytics(home: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `analytics ARGUMENTS` in this process and returns exit code, output and errors."""
    assert home

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        output, errors = capfd.readouterr()
        return int(ended.value.code or 0), output, errors

    return run
