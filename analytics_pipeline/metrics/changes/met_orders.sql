-- What was told of these mentions.
SELECT *
FROM told_orders
SEMI JOIN met_mentions USING (course_id, order_id, day)
