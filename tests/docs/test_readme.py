"""What the README promises exists."""

import re
from pathlib import Path

import pytest

from analytics_pipeline.cli.app import COMMANDS
from analytics_pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
PATH = re.compile(r"`(\w+/[\w./]*|Makefile)`")


def test_every_command_of_the_readme_exists_and_every_command_is_in_the_page_that_it_leads_to() -> None:
    assert set(re.findall(r"(?:^|`)analytics ([a-z-]+)", README, re.MULTILINE)) <= COMMANDS.keys()
    assert "(docs/reference/cli.md)" in README
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert set(re.findall(r"^## `analytics ([a-z-]+)", page, re.MULTILINE)) == COMMANDS.keys()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)", README))))
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(PATH.findall(README + CONTRIBUTING))))
def test_every_path_that_readers_and_contributors_are_sent_to_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_picture_of_the_readme_exists() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file()


def test_every_setting_of_the_readme_exists() -> None:
    known = {f"ANALYTICS_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"ANALYTICS_[A-Z_]+", README)) - {"ANALYTICS_"} <= known
