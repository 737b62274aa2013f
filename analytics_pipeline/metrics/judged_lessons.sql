-- The lessons of entrants for whom they count: for a refunded order, or because the catalogue requires lessons. Each
-- with its first event and first completion, all on the day of the learner's first lesson.
WITH judged AS (
    SELECT course_id, learner_id, lesson_day, lessons
    FROM known_entries
    SEMI JOIN refunded_learners USING (course_id, learner_id)
    WHERE course_id NOT IN (SELECT course_id FROM required_lessons)
    UNION ALL
    SELECT course_id, learner_id, lesson_day, lessons
    FROM entries
    SEMI JOIN required_lessons USING (course_id)
)
SELECT
    course_id, learner_id, lesson_day, lesson.lesson_idx AS lesson_idx, lesson.first_at AS first_at,
    lesson.completed_at AS completed_at
FROM (
    SELECT course_id, learner_id, lesson_day, unnest(lessons) AS lesson
    FROM judged
    SEMI JOIN entrants USING (course_id, learner_id)
) AS taken
