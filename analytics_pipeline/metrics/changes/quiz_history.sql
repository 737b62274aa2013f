-- Learner days from which the moved cohorts of quiz_cohort can be counted, and no others.
--
-- The quizzes of every learner who belongs to one of them; and because a quiz bears the lowest lesson that it was seen
-- in, by somebody who did not sign in as well, the lowest lessons that such people saw, and those as published.
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, first_at, attempts, passes, attempt_at, pass_at, passed_attempt_1
FROM days_of_quizzes AS d
SEMI JOIN quiz_takers AS m
    ON m.course_id = d.course_id AND m.learner_id = d.learner_id AND m.quiz_id IS NOT DISTINCT FROM d.quiz_id
    AND m.unnamed_in IS NOT DISTINCT FROM CASE WHEN d.quiz_id IS NULL THEN d.lesson_idx END
WHERE attempts + passes > 0
UNION ALL
SELECT
    DATE '1970-01-01', course_id, lesson_idx, quiz_id, NULL, TIMESTAMPTZ '1970-01-01 00:00:00+00', 1, 0, NULL, NULL,
    FALSE
FROM (
    SELECT course_id, quiz_id, lesson_idx FROM known_quizzes
    UNION ALL
    SELECT course_id, quiz.quiz_id, quiz.lesson_idx
    FROM (SELECT course_id, unnest(quizzes) AS quiz FROM entries WHERE learner_id IS NULL) AS seen
) AS lowest
