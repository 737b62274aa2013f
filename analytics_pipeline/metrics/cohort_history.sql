-- Learner days for cohort tables as of $first_as_of or any later instant, in fewer rows.
--
-- Days before $first_as_of lie in the past of every one of these instants. Of their lesson rows without a quiz, the
-- cohort models ask only the first day, the first and last instant and when the lesson was completed first: all
-- days of a learner in a lesson become one row. Every other row stays as it is.
WITH sorted AS (
    SELECT
        *,
        first_at < $first_as_of AND lesson_idx IS NOT NULL AND attempts + passes = 0 AS is_folded
    FROM learner_days
)
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, first_at, last_at, completions, completed_at, attempts, passes,
    attempt_at, pass_at, passed_attempt_1, course_view_at, enroll_at, complete_at, purchases, refunds
FROM sorted
WHERE NOT is_folded
UNION ALL
SELECT
    min(day), course_id, lesson_idx, NULL, learner_id, min(first_at), max(last_at),
    CAST(sum(completions) AS BIGINT), min(completed_at), 0, 0, NULL, NULL, FALSE, NULL, NULL, NULL, NULL, NULL
FROM sorted
WHERE is_folded
GROUP BY course_id, lesson_idx, learner_id
-- The models of courses read the rows without a lesson alone.
ORDER BY lesson_idx NULLS FIRST
