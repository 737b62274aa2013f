"""A headless Chromium that asks nobody but the services of the test."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import playwright
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import missing

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DRIVER = Path(playwright.__file__).parent / "driver" / "node"


@contextmanager
def running_chromium(require_tool: Callable[[str], str]) -> Iterator[Browser]:
    """One browser for the block; where it, or what drives it, cannot start, the test is skipped."""
    chromium = require_tool("chromium")
    started = subprocess.run([DRIVER, "--version"], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        missing(f"Playwright's driver does not start: {started.stderr.strip()}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
