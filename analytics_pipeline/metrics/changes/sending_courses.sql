-- The courses that send refunds. was_told: one did so as of the last publication already.
SELECT course_id, bool_or(was_told) AS was_told
FROM known_orders
WHERE is_refund
GROUP BY course_id
