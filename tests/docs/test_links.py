"""Pages lead to what exists."""

import re
from pathlib import Path

import pytest

from analytics_pipeline.cli.app import COMMANDS
from analytics_pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
NO_SETTINGS = {"ANALYTICS_DAGSTER_STORAGE_URL", "ANALYTICS_TEST_DATA", "ANALYTICS_JOB_RUN"}
"""Variables that are read elsewhere, and the name of an audited action."""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "ops").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_setting_of_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|[`$] ?)analytics ([a-z][a-z-]+)\b", text, re.MULTILINE)) <= COMMANDS.keys()
    settings = {f"ANALYTICS_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bANALYTICS_[A-Z_]*[A-Z]\b", text))
    assert named - settings <= NO_SETTINGS


def test_every_page_of_the_documentation_can_be_reached_from_its_contents() -> None:
    contents = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / target).resolve() for target in re.findall(r"\]\(([^)#\s]+\.md)", contents)}
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "README.md"}
    assert {str(page.relative_to(ROOT)) for page in pages - linked} == set()
