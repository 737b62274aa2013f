-- The orders whose share in course_refund may differ from what it was as of $last_as_of: more than do, never fewer.
--
-- Those that a changed day names; those of learners of such a day who came to the course, or whose order was refunded,
-- since it tells how far they had come by then; those whose window ended meanwhile. And all orders of a course that was
-- set aside last time, or whose first refund shows that it does send refunds.
WITH whole_courses AS (
    SELECT course_id
    FROM stale_courses
    UNION
    SELECT course_id
    FROM sending_courses
    WHERE NOT was_told
),
refunded AS (
    SELECT DISTINCT course_id, order_id
    FROM known_orders
    WHERE is_refund
),
ended AS (
    SELECT course_id, unnest(purchases) AS entry
    FROM ending_days
    WHERE lesson_idx IS NULL AND quiz_id IS NULL AND len(purchases) > 0
      AND first_at <= $as_of - $refund_window_days * INTERVAL '24' HOUR
      AND last_at > $last_as_of - $refund_window_days * INTERVAL '24' HOUR
)
SELECT course_id, order_id
FROM known_orders
WHERE NOT was_told
UNION
SELECT p.course_id, p.order_id
FROM known_orders AS p
JOIN moved_learners AS m ON m.course_id = p.course_id AND m.learner_id = p.learner_id
LEFT JOIN refunded AS r ON r.course_id = p.course_id AND r.order_id = p.order_id
WHERE NOT p.is_refund AND (m.came_to_course OR r.order_id IS NOT NULL)
UNION
SELECT course_id, coalesce(entry.order_id, entry.event_id)
FROM ended
UNION
SELECT course_id, order_id
FROM known_orders
SEMI JOIN whole_courses USING (course_id)
