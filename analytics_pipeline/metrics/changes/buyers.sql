-- Who bought one of moved_orders. is_refunded: one that was refunded, so that their lessons tell how far they had come.
SELECT b.course_id, b.learner_id, bool_or(r.order_id IS NOT NULL) AS is_refunded
FROM known_orders AS b
SEMI JOIN moved_orders AS m ON m.course_id = b.course_id AND m.order_id = b.order_id
LEFT JOIN (SELECT DISTINCT course_id, order_id FROM known_orders WHERE is_refund) AS r
    ON r.course_id = b.course_id AND r.order_id = b.order_id
WHERE NOT b.is_refund AND b.learner_id IS NOT NULL
GROUP BY b.course_id, b.learner_id
