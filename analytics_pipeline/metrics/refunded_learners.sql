-- Who bought an order that was refunded: their lessons tell how far they had come by then.
SELECT DISTINCT o.course_id, o.learner_id
FROM known_orders AS o
JOIN known_orders AS r ON r.course_id = o.course_id AND r.order_id = o.order_id AND r.is_refund
WHERE o.learner_id IS NOT NULL
