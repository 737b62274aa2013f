import io
import time

import pytest

from analytics_pipeline.narrator import ERASE_LINE, EVERY_SECONDS, Narrator


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_gets_the_last_step_and_what_is_no_step() -> None:
    stream = io.StringIO()
    narrator = Narrator(stream)
    for text in ("Waiting for run 7.", "Sealed 1 of 3 days.", "Sealed 2 of 3 days.", "Sealed 3 of 3 days."):
        narrator.tell(text)
    assert stream.getvalue() == "Waiting for run 7.\nSealed 3 of 3 days.\n"


def test_a_file_gets_a_step_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    narrator = Narrator(stream)
    later = time.monotonic() + EVERY_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    narrator.tell("Sealed 1,000 of 3,000 days.")
    narrator.tell("Sealed 1,001 of 3,000 days.")
    assert stream.getvalue() == "Sealed 1,000 of 3,000 days.\n"


def test_a_terminal_gets_one_line_that_moves_and_stays_when_it_is_full() -> None:
    stream = Terminal()
    narrator = Narrator(stream)
    for text in ("Sealed 1 of 2 days.", "Sealed 2 of 2 days.", "Done."):
        narrator.tell(text)
    first, second = stream.getvalue().split(ERASE_LINE)
    assert first.endswith("Sealed 1 of 2 days.")
    assert second.endswith("Sealed 2 of 2 days.\nDone.\n")
