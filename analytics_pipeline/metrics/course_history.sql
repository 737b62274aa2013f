-- Learner days from which the moved cohorts of course_funnel and course_refund can be counted, and no others.
--
-- All days in the course of every learner who may belong to one of them, with their orders in rows of their own; of
-- their lessons, those of whoever has a refunded order, and those in courses of which the catalogue requires lessons.
-- Of all others, what they have to do with the orders of these, and that a course sends refunds. A learner of whom
-- only such a part is here enters on no day of a moved cohort.
WITH entrants AS (
    SELECT course_id, learner_id
    FROM members
    WHERE level = 'course'
),
needed_orders AS (
    SELECT DISTINCT o.course_id, o.order_id
    FROM known_orders AS o
    LEFT JOIN entrants AS m ON m.course_id = o.course_id AND m.learner_id = o.learner_id
    WHERE o.learner_id IS NULL OR m.learner_id IS NOT NULL
),
days_of_needed_orders AS (
    SELECT DISTINCT course_id, learner_id, day
    FROM known_orders
    SEMI JOIN needed_orders USING (course_id, order_id)
),
judged_by_lessons AS (
    SELECT course_id, learner_id
    FROM entrants
    SEMI JOIN required_lessons USING (course_id)
    UNION
    SELECT o.course_id, o.learner_id
    FROM known_orders AS o
    SEMI JOIN (SELECT course_id, order_id FROM known_orders WHERE is_refund) AS r USING (course_id, order_id)
    SEMI JOIN entrants AS m USING (course_id, learner_id)
)
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, first_at, completed_at, course_view_at, enroll_at, complete_at,
    NULL AS purchases, NULL AS refunds
FROM days_of_course
SEMI JOIN entrants USING (course_id, learner_id)
WHERE lesson_idx IS NULL AND quiz_id IS NULL
UNION ALL
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, first_at, completed_at, NULL, NULL, NULL, NULL, NULL
FROM days_of_course
SEMI JOIN judged_by_lessons USING (course_id, learner_id)
WHERE lesson_idx IS NOT NULL
UNION ALL
SELECT
    r.day, r.course_id, NULL, NULL, r.learner_id, r.first_at, NULL, NULL, NULL, NULL, r.purchases, r.refunds
FROM tying_rows AS r
LEFT JOIN entrants AS m ON m.course_id = r.course_id AND m.learner_id = r.learner_id
LEFT JOIN days_of_needed_orders AS n
    ON n.course_id = r.course_id AND n.learner_id = r.learner_id AND n.day = r.day
WHERE r.learner_id IS NULL OR m.learner_id IS NOT NULL OR len(r.refunds) > 0 OR n.day IS NOT NULL
