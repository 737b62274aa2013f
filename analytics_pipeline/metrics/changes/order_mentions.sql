-- Every mention of an order by these days, in a row of its own: a purchase, or a refund of it.
--
-- order_id: the one named. Who names none names one of their own, the event. entry: what learner days tell of it.
SELECT day, course_id, learner_id, coalesce(entry.order_id, entry.event_id) AS order_id, is_refund, entry
FROM (
    SELECT day, course_id, learner_id, FALSE AS is_refund, unnest(purchases) AS entry
    FROM days
    WHERE lesson_idx IS NULL AND quiz_id IS NULL AND len(purchases) > 0
    UNION ALL
    SELECT day, course_id, learner_id, TRUE, unnest(refunds)
    FROM days
    WHERE lesson_idx IS NULL AND quiz_id IS NULL AND len(refunds) > 0
) AS mentions
