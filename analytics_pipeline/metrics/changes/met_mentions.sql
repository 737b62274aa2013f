-- Where moved_orders and those that moved_entrants bought are named.
WITH asked AS (
    SELECT course_id, order_id
    FROM moved_orders
    UNION
    SELECT course_id, order_id
    FROM known_orders
    SEMI JOIN moved_entrants USING (course_id, learner_id)
    WHERE NOT is_refund
)
SELECT DISTINCT course_id, order_id, day
FROM known_orders
SEMI JOIN asked USING (course_id, order_id)
