-- The lessons of entrants for whom they count: for a refunded order, or because the catalogue requires lessons. Each
-- with its first event and first completion, all on the day of the learner's first lesson.
WITH refunded AS (
    SELECT o.course_id, o.learner_id
    FROM known_orders AS o
    JOIN known_orders AS r ON r.course_id = o.course_id AND r.order_id = o.order_id AND r.is_refund
    WHERE o.learner_id IS NOT NULL
),
judged AS (
    SELECT course_id, learner_id, last_day
    FROM entrants
    WHERE course_id IN (SELECT course_id FROM required_lessons)
       OR (course_id, learner_id) IN (SELECT (course_id, learner_id) FROM refunded)
)
SELECT
    course_id, learner_id, lesson_day, lesson.lesson_idx AS lesson_idx, lesson.first_at AS first_at,
    lesson.completed_at AS completed_at
FROM (
    SELECT course_id, learner_id, lesson_day, unnest(lessons) AS lesson
    FROM entries
    SEMI JOIN judged USING (course_id, learner_id, last_day)
) AS taken
