-- Every mention of an order, by its purchase or by a refund of it.
--
-- was_told: as of the last publication already; the mentions of a changed day that was told are here twice.
SELECT course_id, order_id, day, learner_id, is_refund, TRUE AS was_told
FROM told_orders
UNION ALL
SELECT course_id, order_id, day, learner_id, is_refund, FALSE
FROM new_orders
