-- Refunds that name no order of their course known at as-of: they count as unknown_refunds in course_refund.
WITH known AS (
    SELECT day, course_id, learner_id, purchases, refunds
    FROM learner_days
    WHERE first_at < $as_of AND lesson_idx IS NULL AND quiz_id IS NULL
),
orders AS (
    SELECT DISTINCT course_id, coalesce(entry.order_id, entry.event_id) AS order_id
    FROM (SELECT course_id, unnest(purchases) AS entry FROM known) AS purchased
),
given_back AS (
    SELECT day, course_id, learner_id, entry
    FROM (SELECT day, course_id, learner_id, unnest(refunds) AS entry FROM known) AS refunds_of_days
)
SELECT
    g.day, g.course_id, g.learner_id, g.entry.event_id AS event_id, g.entry.at AS refunded_at,
    g.entry.order_id AS order_id, CAST(g.entry.amount AS VARCHAR) AS amount, g.entry.currency AS currency
FROM given_back AS g
LEFT JOIN orders AS o ON o.course_id = g.course_id AND o.order_id = g.entry.order_id
WHERE o.order_id IS NULL
ORDER BY g.day, g.entry.event_id
