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

from playwright.sync_api import FloatRect, Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "images"
WIDTH = 1280
LARGEST_KIB = 400
ASSET_GRAPH: FloatRect = {"x": 370, "y": 110, "width": 910, "height": 900}
"""Where Dagster draws the graph, beside its own navigation."""
PATIENCE_MS = 120_000
SETTLED_MS = 8_000
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
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.set_default_timeout(PATIENCE_MS)
        take(page, demo)
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
    _shoot(page, f"{demo.dashboard}?range=all", "overview.png", 1420)
    _shoot(page, f"{demo.dashboard}course/{LOSING_COURSE}?range=30", "course.png", 1900)
    _shoot_assets(page, demo)


def _shoot(page: Page, address: str, name: str, height: int) -> None:
    page.goto(address)
    clip: FloatRect = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    page.screenshot(path=IMAGES / name, full_page=True, clip=clip)


def _shoot_assets(page: Page, demo: Demo) -> None:
    """Dagster's graph of all assets, with every group open."""
    page.set_viewport_size({"width": WIDTH, "height": 1100})
    # Until the demo's run has ended, every asset looks as if it were being made.
    page.goto(f"{demo.dagster}runs")
    page.get_by_text("Success").first.wait_for()
    page.goto(f"{demo.dagster}asset-groups")
    page.get_by_text("Hide navigation").click()
    # The graph moves until it has its place.
    page.wait_for_timeout(SETTLED_MS)
    page.keyboard.press("Alt+e")
    page.get_by_text("raw_events").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    # A graph that was open when the page began is fitted into the window.
    page.reload()
    page.get_by_text("raw_events").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=IMAGES / "asset-graph.png", clip=ASSET_GRAPH)


if __name__ == "__main__":
    main()
