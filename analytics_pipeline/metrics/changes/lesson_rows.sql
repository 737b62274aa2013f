-- What lesson_cohort counts of the learners met, in the form of learner days.
--
-- One row for each lesson of a learner, with its first event and first completion, all on the day of the learner's
-- first lesson; and one for the last event and the completions of the course.
SELECT
    lesson_day AS day, course_id, lesson.lesson_idx AS lesson_idx, learner_id, lesson.first_at AS first_at, last_at,
    CASE WHEN lesson.completed_at IS NULL THEN 0 ELSE 1 END AS completions, NULL AS complete_at
FROM (SELECT course_id, learner_id, lesson_day, last_at, unnest(lessons) AS lesson FROM met) AS taken
UNION ALL
SELECT last_day, course_id, NULL, learner_id, last_at, last_at, 0, complete_at
FROM met
