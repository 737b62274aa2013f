"""Who follows the page step by step arrives."""

from tests.docs.steps import Copy


def test_a_signal_is_added_by_its_page(copy: Copy) -> None:
    assert "ANALYTICS_SIGNAL_ENROLMENT" in copy.follow("add-a-signal.md")
