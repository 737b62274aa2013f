"""The steps of a how-to page, taken one by one on a copy of the repository."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory

from analytics_pipeline.database.migrate import alembic_config

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"((?:^.+\n)+)\n^```(\w+)\n((?:^(?!```).*\n)*)", re.MULTILINE)
"""The paragraph before a block, the language of the block, and what it holds."""


class Copy:
    """A copy of what the repository holds, and the environment in which its own code is found first."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        programs = Path(sys.executable).parent
        self.environment = {
            **os.environ,
            **environment,
            "PYTHONPATH": str(folder),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        }
        listed = subprocess.run(
            ["git", "ls-files", "-z", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
        self._numbers = {"MMMM": str(newest), "NNNN": f"{int(str(newest)) + 1:04}"}

    def follow(self, page: str) -> str:
        """Take every step of the page in order; what its last command printed."""
        printed = ""
        text = (ROOT / "docs" / "how-to" / page).read_text()
        steps = BLOCK.findall(text)
        assert len(steps) == text.count("\n```") / 2
        for before, language, block in steps:
            if language == "sh":
                for line in block.splitlines():
                    printed = self.run(line)
            else:
                named = re.findall(r"(?:^In|A new file,) `([^`]+)`", before, re.MULTILINE)
                self._apply(self._numbered(named[-1]), language, self._numbered(block))
        return printed

    def run(self, command: str) -> str:
        """The output of a command in the copy; it must succeed."""
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _apply(self, name: str, language: str, block: str) -> None:
        path = self.folder / name
        if language != "diff":
            assert not path.exists(), name
            path.write_text(block)
            return
        # The last line may be the beginning of one.
        old, new = (
            "\n".join(line[1:] for line in block.splitlines() if line[:1] in sign) for sign in (" -", " +")
        )
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has this {text.count(old)} times:\n{old}"
        path.write_text(text.replace(old, new))

    def _numbered(self, text: str) -> str:
        for placeholder, number in self._numbers.items():
            text = text.replace(placeholder, number)
        return text


def event(number: int, kind: str, learner: str, **about: Any) -> dict[str, Any]:
    """What a learner did on the day that the pages run."""
    return {
        "id": f"e{number}",
        "eventType": kind,
        "userId": learner,
        "courseId": "algebra",
        "lessonIdx": None if kind == "enroll" else 0,
        "metadata": about,
        "createdAt": f"2026-03-02T10:{number:02}:00+00:00",
    }
