from random import Random

from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.admin.answers.dropoff import LessonCounts, biggest_drop, drop_off
from analytics_pipeline.admin.words import biggest_drop_sentences


def lesson(idx: int, *, stopped: int = 0, active: int = 0, finished: int = 0) -> LessonCounts:
    return LessonCounts(idx, viewers=500, completers=400, stopped=stopped, active=active, finished=finished)


COURSES = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=30
).map(lambda rows: [lesson(idx, stopped=s, active=a, finished=f) for idx, (s, a, f) in enumerate(rows)])


@given(COURSES, st.randoms(use_true_random=False))
def test_reach_never_rises_whatever_the_order_of_rows(counts: list[LessonCounts], random: Random) -> None:
    shuffled = random.sample(counts, len(counts))
    answers = drop_off(shuffled, min_cell=1)
    reach = [answer.reach or 0 for answer in answers]
    assert reach == sorted(reach, reverse=True)
    assert reach[0] == sum(one.stopped + one.active + one.finished for one in counts)


@given(COURSES, st.integers(1, 50))
def test_no_drop_is_shown_that_rests_on_fewer_learners_than_the_smallest_cell(
    counts: list[LessonCounts], min_cell: int
) -> None:
    for answer in drop_off(counts, min_cell):
        if answer.drop.denominator:
            assert answer.drop.denominator >= min_cell
        if answer.reach:
            assert answer.reach >= min_cell


def test_learners_who_are_still_active_in_a_lesson_are_neither_lost_nor_in_the_denominator() -> None:
    first, _ = drop_off([lesson(0, stopped=10, active=50), lesson(1, finished=90)], min_cell=5)
    assert (first.reach, first.drop.numerator, first.drop.denominator) == (150, 10, 100)


def test_a_drop_is_certain_when_its_interval_lies_above_all_others() -> None:
    lessons = drop_off([lesson(0, stopped=20), lesson(1, stopped=300), lesson(2, finished=680)], min_cell=5)
    drop = biggest_drop(lessons)
    assert drop is not None
    assert (drop.lesson_idx, drop.certainty, drop.rival_idx) == (1, "certain", None)
    finding, sure = biggest_drop_sentences(drop)
    assert finding.startswith("300 of 980 learners (31 %) who came to lesson 1")
    assert sure.startswith("This is certain")


def test_a_drop_is_uncertain_while_another_lesson_may_lose_as_many_and_that_lesson_is_named() -> None:
    lessons = drop_off([lesson(0, stopped=6), lesson(1, stopped=8), lesson(2, finished=30)], min_cell=5)
    drop = biggest_drop(lessons)
    assert drop is not None
    assert (drop.lesson_idx, drop.certainty, drop.rival_idx) == (1, "uncertain", 0)
    assert "lesson 0 may lose as many" in biggest_drop_sentences(drop)[1]


def test_a_large_share_of_a_handful_does_not_outweigh_a_sure_finding() -> None:
    lessons = drop_off([lesson(0, stopped=400), lesson(1, stopped=594), lesson(2, stopped=3, finished=3)], 5)
    assert [round(one.drop.value or 0, 2) for one in lessons] == [0.4, 0.99, 0.5]
    few = drop_off([lesson(0, stopped=400), lesson(1, stopped=3, finished=3)], 5)
    drop = biggest_drop(few)
    assert drop is not None
    assert drop.lesson_idx == 0


def test_to_stop_at_the_last_lesson_is_a_matter_of_completion_and_no_drop_on_the_way() -> None:
    lessons = drop_off([lesson(0, stopped=20), lesson(1, stopped=10), lesson(2, stopped=300)], min_cell=5)
    drop = biggest_drop(lessons)
    assert drop is not None
    assert drop.lesson_idx == 0


def test_a_single_lesson_on_the_way_has_nothing_to_be_compared_with() -> None:
    drop = biggest_drop(drop_off([lesson(0, stopped=5), lesson(1, stopped=9, finished=30)], min_cell=5))
    assert drop is not None
    assert drop.certainty == "alone"
    assert "no other lesson" in biggest_drop_sentences(drop)[1]


def test_without_anybody_who_stopped_there_is_no_biggest_drop() -> None:
    assert biggest_drop(drop_off([lesson(0), lesson(1, active=30)], min_cell=5)) is None
    assert biggest_drop([]) is None
