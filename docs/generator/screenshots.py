"""`python -m docs.generator.screenshots` makes the pictures of README and tutorial from a demo of its own."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "images"
WIDTH = 1280
LARGEST_KIB = 300
LOSING_COURSE = "python-first-steps"
"""The course of the demo in which one lesson drives learners away."""


@dataclass(frozen=True)
class Demo:
    """Where a running demo is looked at."""

    dashboard: str
    dagster: str
    token: str


def main() -> None:
    """Write every picture; exit with a sentence where something is missing or a picture has grown too big."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("The pictures need chromium on the PATH: apt-get install chromium.")
    with running_demo() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        take(browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light"), demo)
        browser.close()
    for picture in sorted(IMAGES.glob("*.png")):
        size = picture.stat().st_size // 1024
        if size > LARGEST_KIB:
            sys.exit(f"{picture.name} has {size} KiB; {LARGEST_KIB} are allowed.")
        sys.stdout.write(f"{picture.name} {size} KiB\n")


@contextmanager
def running_demo() -> Iterator[Demo]:
    """A demo in a folder of its own that has told where to look; it is stopped and removed afterwards."""
    command = [str(Path(sys.executable).parent / "analytics"), "demo"]
    with tempfile.TemporaryDirectory() as home:
        variables = environ | {"ANALYTICS_HOME": home}
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
        try:
            yield _told(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def _told(process: subprocess.Popen[str]) -> Demo:
    assert process.stdout is not None  # noqa: S101  # it was opened as a pipe
    said = ""
    for line in process.stdout:
        sys.stdout.write(line)
        said += line
        if line.startswith("Token"):
            names = ("Dashboard", "Dagster UI", "Token")
            return Demo(*(re.findall(rf"^{name} +(\S+)", said, re.MULTILINE)[0] for name in names))
    sys.exit("The demo ended before it told where to look.")


def take(page: Page, demo: Demo) -> None:
    """Take the pictures of a demo with one page of a browser."""
    page.goto(f"{demo.dashboard}signin")
    page.get_by_label("Token").fill(demo.token)
    page.get_by_role("button", name="Sign in").click()
    _shoot(page, f"{demo.dashboard}?range=all", "courses.png", 1000)
    _shoot(page, f"{demo.dashboard}course/{LOSING_COURSE}?range=30", "dashboard.png", 1730)
    page.goto(demo.dagster)
    page.get_by_role("link", name="Lineage").click()
    page.get_by_text("raw_events").first.wait_for(timeout=120_000)
    # The graph moves until it has its place.
    page.wait_for_timeout(5_000)
    page.screenshot(path=IMAGES / "assets.png")


def _shoot(page: Page, address: str, name: str, height: int) -> None:
    page.goto(address)
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    page.screenshot(path=IMAGES / name, full_page=True, clip=clip)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
