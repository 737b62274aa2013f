"""What opens, goes on and resolves, over any sequence of days."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.signals.life import UNJUDGED, Finding, Subject, advance

LESSON = Subject("high_drop_off_lesson", "c1", 3, None)
QUIZ = Subject("low_quiz_pass_rate", "c1", None, "q")
TODAY = date(2024, 3, 1)
YESTERDAY = TODAY - timedelta(days=1)


def finding(subject: Subject, *, fires: bool = False, holds: bool = False) -> Finding:
    return Finding(subject, fires, holds or fires, "warning", 0.5, 0.3, {})


def test_what_fires_opens_and_what_does_not_leaves_no_trace() -> None:
    changes = advance({}, [finding(LESSON, fires=True), finding(QUIZ, holds=True)], TODAY)
    assert [opened.subject for opened in changes.opened] == [LESSON]
    assert not changes.kept
    assert not changes.resolved


def test_an_open_signal_is_kept_while_it_holds_even_if_it_would_no_longer_fire() -> None:
    changes = advance({LESSON: YESTERDAY}, [finding(LESSON, holds=True)], TODAY)
    assert [kept.subject for kept in changes.kept] == [LESSON]
    assert not changes.opened


def test_an_open_signal_that_no_longer_holds_resolves() -> None:
    changes = advance({LESSON: YESTERDAY}, [finding(LESSON)], TODAY)
    assert changes.resolved == [LESSON]


def test_an_open_signal_that_cannot_be_judged_stays_for_a_while_and_then_resolves() -> None:
    almost = advance({LESSON: TODAY - UNJUDGED + timedelta(days=1)}, [], TODAY)
    assert (almost.opened, almost.kept, almost.resolved) == ([], [], [])
    assert advance({LESSON: TODAY - UNJUDGED}, [], TODAY).resolved == [LESSON]


def test_a_signal_that_was_not_looked_at_for_long_is_kept_when_it_still_holds() -> None:
    changes = advance({LESSON: TODAY - 10 * UNJUDGED}, [finding(LESSON, holds=True)], TODAY)
    assert [kept.subject for kept in changes.kept] == [LESSON]
    assert changes.resolved == []


states = st.sampled_from(((True, True), (False, True), (False, False), None))


@given(st.lists(st.tuples(states, states), max_size=30))
def test_of_one_subject_at_most_one_signal_is_open_on_any_day(
    days: list[tuple[tuple[bool, bool] | None, ...]],
) -> None:
    is_open = {LESSON: 0, QUIZ: 0}
    seen: dict[Subject, date] = {}
    for number, day in enumerate(days):
        today = TODAY + timedelta(days=number)
        judged = [
            finding(subject, fires=state[0], holds=state[1])
            for subject, state in zip(is_open, day, strict=True)
            if state is not None
        ]
        changes = advance(seen, judged, today)
        for opened in changes.opened:
            is_open[opened.subject] += 1
        for resolved in changes.resolved:
            is_open[resolved] -= 1
            del seen[resolved]
        seen |= {found.subject: today for found in (*changes.opened, *changes.kept)}
        assert set(is_open.values()) <= {0, 1}
        assert all(today - last_seen < UNJUDGED for last_seen in seen.values())
