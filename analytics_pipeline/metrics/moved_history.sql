-- Learner days from which the moved cohorts can be counted, and no others.
--
-- All days of every learner who may belong to one of them: whoever has a row of its level on its day. Of all others,
-- what they have to do with the orders of these, and that a course sends refunds; the lowest lesson of each quiz as
-- published. A learner of whom only such a part is here enters on no day of a moved cohort.
WITH members AS (
    SELECT DISTINCT d.course_id, d.learner_id
    FROM entry_days AS d
    JOIN moved_cohorts AS m
        ON m.course_id = d.course_id AND m.cohort_day = d.day
        AND m.level = CASE WHEN d.lesson_idx IS NULL AND d.quiz_id IS NULL THEN 'course' ELSE 'lesson' END
    WHERE d.learner_id IS NOT NULL
),
needed_orders AS (
    SELECT DISTINCT o.course_id, o.order_id
    FROM known_orders AS o
    LEFT JOIN members AS m ON m.course_id = o.course_id AND m.learner_id = o.learner_id
    WHERE o.learner_id IS NULL OR m.learner_id IS NOT NULL
),
days_of_needed_orders AS (
    SELECT DISTINCT course_id, learner_id, day
    FROM known_orders
    SEMI JOIN needed_orders USING (course_id, order_id)
)
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, first_at, last_at, completions, completed_at, attempts, passes,
    attempt_at, pass_at, passed_attempt_1, course_view_at, enroll_at, complete_at, purchases, refunds
FROM learner_days
SEMI JOIN members USING (course_id, learner_id)
UNION ALL
SELECT
    r.day, r.course_id, r.lesson_idx, r.quiz_id, r.learner_id, r.first_at, r.last_at, 0, NULL, r.attempts, r.passes,
    NULL, NULL, FALSE, NULL, NULL, NULL, r.purchases, r.refunds
FROM tying_rows AS r
LEFT JOIN members AS m ON m.course_id = r.course_id AND m.learner_id = r.learner_id
LEFT JOIN days_of_needed_orders AS n
    ON n.course_id = r.course_id AND n.learner_id = r.learner_id AND n.day = r.day
WHERE r.learner_id IS NULL OR (m.learner_id IS NULL AND (len(r.refunds) > 0 OR n.day IS NOT NULL))
UNION ALL
SELECT
    DATE '1970-01-01', course_id, lesson_idx, quiz_id, NULL, TIMESTAMPTZ '1970-01-01 00:00:00+00',
    TIMESTAMPTZ '1970-01-01 00:00:00+00', 0, NULL, 1, 0,
    NULL, NULL, FALSE, NULL, NULL, NULL, NULL, NULL
FROM known_quizzes
