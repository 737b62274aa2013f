-- Who belongs to a moved cohort: whoever came first on its day, and whoever an order of its day names.
--
-- Of level quiz it is the learner's quiz that does (quiz_id, or the lesson of a quiz without one). Level judged: those
-- of level course whose lessons count there, for a refunded order or because the catalogue requires lessons. first_day
-- and last_day span what the member did that may count.
WITH moved_days AS (
    SELECT course_id, cohort_day
    FROM moved_cohorts
    WHERE level = 'course'
),
of_course AS (
    SELECT course_id, learner_id, first_day, last_day
    FROM entries
    WHERE learner_id IS NOT NULL AND (
        (course_id, view_day) IN (SELECT (course_id, cohort_day) FROM moved_days)
        OR (course_id, enrol_day) IN (SELECT (course_id, cohort_day) FROM moved_days)
        OR (course_id, learner_id) IN (
            SELECT (o.course_id, o.learner_id)
            FROM known_orders AS o
            JOIN moved_days AS m ON m.course_id = o.course_id AND m.cohort_day = o.day
            WHERE o.learner_id IS NOT NULL
        )
    )
),
refunded AS (
    SELECT DISTINCT o.course_id, o.learner_id
    FROM known_orders AS o
    JOIN known_orders AS r ON r.course_id = o.course_id AND r.order_id = o.order_id AND r.is_refund
)
SELECT
    'lesson' AS level, e.course_id, e.learner_id, NULL AS quiz_id, NULL AS unnamed_in, e.first_day, e.last_day
FROM entries AS e
JOIN moved_cohorts AS m ON m.level = 'lesson' AND m.course_id = e.course_id AND m.cohort_day = e.lesson_day
WHERE e.learner_id IS NOT NULL
UNION ALL
SELECT
    'quiz', q.course_id, q.learner_id, q.quiz.quiz_id, CASE WHEN q.quiz.quiz_id IS NULL THEN q.quiz.lesson_idx END,
    q.quiz.day, q.last_day
FROM (
    SELECT course_id, learner_id, last_day, unnest(quizzes) AS quiz
    FROM entries
    WHERE learner_id IS NOT NULL
) AS q
JOIN moved_cohorts AS m ON m.level = 'quiz' AND m.course_id = q.course_id AND m.cohort_day = q.quiz.day
UNION ALL
SELECT 'course', course_id, learner_id, NULL, NULL, first_day, last_day
FROM of_course
UNION ALL
SELECT 'judged', course_id, learner_id, NULL, NULL, first_day, last_day
FROM of_course
WHERE course_id IN (SELECT course_id FROM required_lessons)
   OR (course_id, learner_id) IN (SELECT (course_id, learner_id) FROM refunded)
