-- Every mention of an order, by its purchase or by a refund of it.
SELECT course_id, coalesce(entry.order_id, entry.event_id) AS order_id, day, learner_id, FALSE AS is_refund
FROM (SELECT course_id, day, learner_id, unnest(purchases) AS entry FROM tying_rows) AS bought
UNION ALL
SELECT course_id, entry.order_id, day, learner_id, TRUE
FROM (SELECT course_id, day, learner_id, unnest(refunds) AS entry FROM tying_rows) AS given_back
WHERE entry.order_id IS NOT NULL
