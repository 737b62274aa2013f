-- The quizzes of learners who belong to a moved cohort of quiz_cohort: a quiz is its quiz_id, or the lesson of one
-- without. first_day and last_day span what the learner did that may count. None of them did anything last before the
-- first day of these cohorts.
SELECT
    q.course_id, q.learner_id, q.quiz.quiz_id AS quiz_id,
    CASE WHEN q.quiz.quiz_id IS NULL THEN q.quiz.lesson_idx END AS unnamed_in, q.quiz.day AS first_day, q.last_day
FROM (
    SELECT course_id, learner_id, last_day, unnest(quizzes) AS quiz
    FROM entries
    WHERE learner_id IS NOT NULL AND last_day >= (SELECT min(cohort_day) FROM moved_cohorts)
) AS q
JOIN moved_cohorts AS m ON m.course_id = q.course_id AND m.cohort_day = q.quiz.day
