-- Learner days from which the moved cohorts of lesson_cohort and quiz_cohort can be counted, and no others.
--
-- All days of every learner who may belong to one of them; and because a quiz bears the lowest lesson that it was seen
-- in, by somebody who did not sign in as well, those of such people, and the lowest lessons as published.
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, first_at, last_at, completions, attempts, passes, attempt_at,
    pass_at, passed_attempt_1, complete_at
FROM days_of_lesson
SEMI JOIN (SELECT course_id, learner_id FROM members WHERE level = 'lesson') AS m USING (course_id, learner_id)
UNION ALL
SELECT
    day, course_id, lesson_idx, quiz_id, NULL, first_at, last_at, 0, attempts, passes, NULL, NULL, FALSE, NULL
FROM learner_days
WHERE learner_id IS NULL AND attempts + passes > 0
UNION ALL
SELECT
    DATE '1970-01-01', course_id, lesson_idx, quiz_id, NULL, TIMESTAMPTZ '1970-01-01 00:00:00+00',
    TIMESTAMPTZ '1970-01-01 00:00:00+00', 0, 1, 0, NULL, NULL, FALSE, NULL
FROM known_quizzes
