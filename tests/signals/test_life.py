"""What opens, goes on and resolves, over any sequence of days."""

from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.signals.life import Finding, Subject, advance

LESSON = Subject("high_drop_off_lesson", "c1", 3, None)
QUIZ = Subject("low_quiz_pass_rate", "c1", None, "q")


def finding(subject: Subject, *, fires: bool = False, holds: bool = False) -> Finding:
    return Finding(subject, fires, holds or fires, "warning", 0.5, 0.3, {})


def test_what_fires_opens_and_what_does_not_leaves_no_trace() -> None:
    changes = advance(set(), [finding(LESSON, fires=True), finding(QUIZ, holds=True)])
    assert [opened.subject for opened in changes.opened] == [LESSON]
    assert not changes.kept
    assert not changes.resolved


def test_an_open_signal_is_kept_while_it_holds_even_if_it_would_no_longer_fire() -> None:
    changes = advance({LESSON}, [finding(LESSON, holds=True)])
    assert [kept.subject for kept in changes.kept] == [LESSON]
    assert not changes.opened


def test_an_open_signal_that_no_longer_holds_resolves() -> None:
    changes = advance({LESSON}, [finding(LESSON)])
    assert [resolved.subject for resolved in changes.resolved] == [LESSON]


def test_an_open_signal_that_cannot_be_judged_stays_as_it_is() -> None:
    changes = advance({LESSON}, [])
    assert (changes.opened, changes.kept, changes.resolved) == ([], [], [])


states = st.sampled_from(((True, True), (False, True), (False, False), None))


@given(st.lists(st.tuples(states, states), max_size=30))
def test_of_one_subject_at_most_one_signal_is_open_on_any_day(
    days: list[tuple[tuple[bool, bool] | None, ...]],
) -> None:
    is_open = {LESSON: 0, QUIZ: 0}
    for day in days:
        judged = [
            finding(subject, fires=state[0], holds=state[1])
            for subject, state in zip(is_open, day, strict=True)
            if state is not None
        ]
        changes = advance({subject for subject, number in is_open.items() if number}, judged)
        for opened in changes.opened:
            is_open[opened.subject] += 1
        for resolved in changes.resolved:
            is_open[resolved.subject] -= 1
        assert set(is_open.values()) <= {0, 1}
