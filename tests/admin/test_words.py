import pytest

from analytics_pipeline.admin.words import NONE, duration, number, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, NONE), (0.0, "0 %"), (0.043, "4.3 %"), (0.0996, "10 %"), (0.355, "36 %"), (1.0, "100 %")],
)
def test_a_share_is_told_as_a_percentage_and_no_share_as_a_dash(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, NONE),
        (0, "0 s"),
        (89_000, "89 s"),
        (90_000, "2 min"),
        (3_599_000, "1 h 0 min"),
        (7_500_000, "2 h 5 min"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_people_use(milliseconds: int | None, text: str) -> None:
    assert duration(milliseconds) == text


def test_thousands_are_set_apart() -> None:
    assert number(1_234_567) == "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"
