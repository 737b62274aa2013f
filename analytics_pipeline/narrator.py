"""Tells what a run says: on a terminal steps of one kind move one line, elsewhere few are told."""

import re
import time
from typing import TextIO

STEP = re.compile(r"\b([\d,]+) of ([\d,]+) \w+")
EVERY_SECONDS = 5.0
BAR_WIDTH = 24
ERASE_LINE = "\r\x1b[2K"


class Narrator:
    """Writes lines to `stream`. A line that says `3 of 10 days` is a step towards the tenth."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._line_is_open = False
        self._told_at = time.monotonic()

    def tell(self, text: str) -> None:
        """Write a line; a step is drawn as a bar, or left out when one was told a moment ago."""
        step = STEP.search(text)
        done, total = (int(number.replace(",", "")) for number in step.groups()) if step else (1, 1)
        if self._is_terminal:
            self._draw(f"{_bar(done, total)} {text}" if step else text, is_last=done >= total)
        elif done >= total or time.monotonic() - self._told_at >= EVERY_SECONDS:
            self._told_at = time.monotonic()
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def _draw(self, text: str, *, is_last: bool) -> None:
        self._stream.write((ERASE_LINE if self._line_is_open else "") + text + ("\n" if is_last else ""))
        self._stream.flush()
        self._line_is_open = not is_last


def _bar(done: int, total: int) -> str:
    filled = BAR_WIDTH * done // max(total, 1)
    return "━" * filled + "╌" * (BAR_WIDTH - filled)
