-- The cohorts of course_refund that changed: by a number, or only by which refunds of the day name no known order.
WITH given_back AS (
    SELECT course_id, order_id, day, bool_or(was_told) AS was_told
    FROM known_orders
    SEMI JOIN moved_orders USING (course_id, order_id)
    WHERE is_refund
    GROUP BY course_id, order_id, day
),
bought AS (
    SELECT course_id, order_id, bool_or(was_told) AS was_told
    FROM known_orders
    SEMI JOIN moved_orders USING (course_id, order_id)
    WHERE NOT is_refund
    GROUP BY course_id, order_id
)
SELECT course_id, cohort_day
FROM course_refund_changes
UNION
SELECT g.course_id, g.day
FROM given_back AS g
LEFT JOIN bought AS b ON b.course_id = g.course_id AND b.order_id = g.order_id
WHERE g.day >= $kept_since
  AND (g.was_told AND NOT coalesce(b.was_told, FALSE)) <> (b.order_id IS NULL)
