-- What course_refund counts of moved_orders, in the form of learner days, as the entries met and orders_met tell it.
--
-- Each mention of these orders, and of no other; of those who bought them all enrolments, and of an order that was
-- refunded the lessons. That a course sends refunds, of which none may be here, a refund of no order tells: it counts as
-- one of no known order both before and now, and so for nothing.
WITH taken AS (
    SELECT course_id, learner_id, lesson_day, unnest(lessons) AS lesson
    FROM met
    SEMI JOIN (SELECT course_id, learner_id FROM buyers WHERE is_refunded) USING (course_id, learner_id)
)
SELECT
    day, course_id, NULL AS lesson_idx, NULL AS quiz_id, learner_id, entry.at AS first_at, NULL AS enroll_at,
    CASE WHEN NOT is_refund THEN [entry] END AS purchases, CASE WHEN is_refund THEN [entry] END AS refunds
FROM orders_met
SEMI JOIN moved_orders USING (course_id, order_id)
UNION ALL
SELECT enrol_day, course_id, NULL, NULL, learner_id, list_min(enroll_at), enroll_at, NULL, NULL
FROM met
SEMI JOIN buyers USING (course_id, learner_id)
WHERE enrol_day IS NOT NULL
UNION ALL
SELECT lesson_day, course_id, lesson.lesson_idx, NULL, learner_id, lesson.first_at, NULL, NULL, NULL
FROM taken
UNION ALL
SELECT
    DATE '1970-01-01', course_id, NULL, NULL, NULL, TIMESTAMPTZ '1970-01-01 00:00:00+00', NULL, NULL,
    [{
        'at': TIMESTAMPTZ '1970-01-01 00:00:00+00', 'event_id': NULL::VARCHAR, 'order_id': NULL::VARCHAR,
        'amount': NULL::DECIMAL(18, 4), 'currency': NULL::VARCHAR
    }]
FROM sending_courses
ANTI JOIN stale_courses USING (course_id)
WHERE was_told
