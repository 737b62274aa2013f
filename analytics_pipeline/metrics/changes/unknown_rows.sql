-- What tells which refunds name no known order, in the form of learner days: those of the days of
-- course_refund_cohorts, and the orders that they name. Of a purchase no more is asked than that there was one.
WITH named AS (
    SELECT course_id, order_id, day
    FROM known_orders
    WHERE is_refund AND (course_id, day) IN (SELECT (course_id, cohort_day) FROM course_refund_cohorts)
),
bought AS (
    SELECT course_id, order_id, day
    FROM known_orders
    SEMI JOIN named USING (course_id, order_id)
    WHERE NOT is_refund
)
SELECT
    day, course_id, NULL AS lesson_idx, NULL AS quiz_id, learner_id, entry.at AS first_at, NULL AS purchases,
    [entry] AS refunds
FROM orders
SEMI JOIN named USING (course_id, order_id, day)
WHERE is_refund
UNION ALL
SELECT
    day, course_id, NULL, NULL, NULL, TIMESTAMPTZ '1970-01-01 00:00:00+00',
    [{
        'at': NULL::TIMESTAMPTZ, 'event_id': NULL::VARCHAR, 'order_id': order_id,
        'amount': NULL::DECIMAL(18, 4), 'currency': NULL::VARCHAR
    }],
    NULL
FROM bought
