import os
import subprocess
import sys
from pathlib import Path

import pytest

from analytics_pipeline.settings import Settings, load_settings
from tests.cli.conftest import Run


def test_every_setting_is_listed_with_its_meaning(analytics: Run) -> None:
    code, output, _ = analytics("settings")
    assert code == 0
    for name, field in Settings.model_fields.items():
        assert f"ANALYTICS_{name.upper()}\t" in output
        assert field.description
        assert field.description in output


def test_secrets_are_masked(analytics: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_DATABASE_URL", "postgresql://owner:hush@127.0.0.1/analytics")
    _, output, _ = analytics("settings")
    assert "hush" not in output
    assert "ANALYTICS_DATABASE_URL\t**********" in output


def test_a_wrong_setting_is_one_sentence_that_names_it(
    analytics: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_TIMEZONE", "Europe/Atlantis")
    code, _, errors = analytics("status")
    assert code == 1
    assert (
        errors
        == "ANALYTICS_TIMEZONE cannot be used: it is no IANA time zone; write for example Europe/Paris.\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("INGEST_PORT", "abc", "it is no whole number"),
        ("INGEST_PORT", "99999", "it must be at most 65535"),
        ("FIRST_DAY", "yesterday", "it is no day; write it like 2026-01-31"),
        ("FIRST_DAY", "2026-02-30", "it is no day; write it like 2026-01-31"),
        ("SCHEDULE", "daily", "write 'nightly', 'hourly' or 'off'"),
        ("SIGNAL_DROP_OFF", "much", "it is no number"),
        ("SIGNAL_DROP_OFF", "1", "it must be less than 1"),
        ("SIGNAL_DROP_OFF", "0", "it must be more than 0"),
        ("FUNNEL_WINDOWS", "algebra", "it is no JSON object"),
        ("FUNNEL_WINDOWS", "[]", "it is no JSON object"),
        ("FUNNEL_WINDOWS", '{"algebra": 0}', "algebra: it must be at least 1"),
        ("SIGNAL_OVERRIDES", '{"algebra": {"drop": 1}}', "algebra: drop: there is no such name"),
        (
            "SESSION_KEY",
            "short",
            "it has fewer than 32 characters; take the output of openssl rand -hex 32",
        ),
    ],
)
def test_what_is_wrong_with_a_setting_is_said_in_words_of_ours(
    analytics: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"ANALYTICS_{name}", value)
    code, _, errors = analytics("status")
    assert (code, errors) == (1, f"ANALYTICS_{name} cannot be used: {why}.\n")


@pytest.mark.usefixtures("home")
def test_a_course_has_thresholds_of_its_own_and_the_rest_from_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANALYTICS_SIGNAL_OVERRIDES", '{"algebra": {"drop_off": 0.4, "window_days": 56}}')
    monkeypatch.setenv("ANALYTICS_FUNNEL_WINDOWS", '{"algebra": 270}')
    monkeypatch.setenv("ANALYTICS_SIGNAL_REFUND_RATE", "0.2")
    settings = load_settings()
    own = settings.for_course("algebra")
    assert (own.signal_drop_off, own.signal_window_days, own.funnel_window_days) == (0.4, 56, 270)
    assert own.signal_refund_rate == 0.2
    assert settings.for_course("another") == settings
    assert settings.signal_drop_off == 0.25
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings().for_course("algebra").signal_drop_off == 0.4


@pytest.mark.parametrize("thresholds", ['{"algebra": {"drop_of": 0.4}}', '{"algebra": {"drop_off": 40}}'])
def test_a_wrong_threshold_of_a_course_is_one_sentence_that_names_course_and_threshold(
    thresholds: str, analytics: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_SIGNAL_OVERRIDES", thresholds)
    code, _, errors = analytics("status")
    assert code == 1
    assert errors.startswith("ANALYTICS_SIGNAL_OVERRIDES cannot be used: algebra: drop_of")
    assert errors.count("\n") == 1


def test_a_process_started_elsewhere_gets_the_very_same_settings(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_HOME", "relative-home")
    monkeypatch.setenv("ANALYTICS_LAKE", "relative-lake")
    monkeypatch.setenv("ANALYTICS_DATABASE_URL", "postgresql://owner:hush@127.0.0.1/analytics")
    monkeypatch.setenv("ANALYTICS_FIRST_DAY", "2012-01-01")
    settings = load_settings()
    program = """
from analytics_pipeline.settings import load_settings
read = load_settings()
print(read.home, read.lake_root, read.first_day, read.database_url.get_secret_value(), read.retention_days)
"""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    read = subprocess.run(
        [sys.executable, "-c", program],
        cwd=elsewhere,
        env={**os.environ, **settings.as_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert read.stdout.split() == [
        str(home.parent / "relative-home"),
        str(home.parent / "relative-lake"),
        "2012-01-01",
        "postgresql://owner:hush@127.0.0.1/analytics",
        "None",
    ]
