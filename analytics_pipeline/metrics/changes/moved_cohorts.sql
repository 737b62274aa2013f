-- The cohorts of quiz_cohort whose rows may differ from those published as of $last_as_of: more than do, never fewer.
--
-- A learner of a changed day belonged to the cohorts that met_entries tell of, or to those of a changed day, and now
-- belongs to one of these. Those of days before $kept_since are frozen.
-- All cohorts of a course move when it was set aside last time, and when a quiz turns up in a lower lesson than it is
-- published in.
WITH tried AS (
    SELECT DISTINCT course_id, learner_id, quiz_id, CASE WHEN quiz_id IS NULL THEN lesson_idx END AS unnamed_in
    FROM changed_days
    WHERE attempts + passes > 0 AND learner_id IS NOT NULL
),
tried_before AS (
    SELECT
        course_id, learner_id, quiz.quiz_id, quiz.day,
        CASE WHEN quiz.quiz_id IS NULL THEN quiz.lesson_idx END AS unnamed_in
    FROM (
        SELECT course_id, learner_id, unnest(quizzes) AS quiz
        FROM met_entries
        SEMI JOIN moved_learners USING (course_id, learner_id)
    ) AS told
),
first_days AS (
    SELECT b.course_id, b.day
    FROM tried_before AS b
    JOIN tried AS t
        ON t.course_id = b.course_id AND t.learner_id = b.learner_id AND t.quiz_id IS NOT DISTINCT FROM b.quiz_id
        AND t.unnamed_in IS NOT DISTINCT FROM b.unnamed_in
),
whole_courses AS (
    SELECT course_id
    FROM stale_courses
    UNION
    SELECT c.course_id
    FROM changed_days AS c
    JOIN known_quizzes AS k ON k.course_id = c.course_id AND k.quiz_id = c.quiz_id
    WHERE c.attempts + c.passes > 0 AND c.lesson_idx < coalesce(k.lesson_idx, 2147483647)
)
SELECT DISTINCT course_id, cohort_day
FROM (
    SELECT course_id, day AS cohort_day
    FROM first_days
    UNION ALL
    SELECT course_id, day
    FROM changed_days
    WHERE attempts + passes > 0
    UNION ALL
    SELECT course_id, day
    FROM learner_days
    SEMI JOIN whole_courses USING (course_id)
) AS found
WHERE cohort_day >= $kept_since
