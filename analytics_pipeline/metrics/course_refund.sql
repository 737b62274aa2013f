-- Orders and refunds per course, currency, day of purchase and lesson reached; all of them add up.
--
-- An order is its earliest purchase in the course: orderId, else the event. It counts once, with the amount,
-- currency and learner of that purchase; its day is the cohort day. Anonymous orders count, since orders are no
-- persons. An order is refunded when a refund of the course names it.
-- unknown_refunds: refunds of this day, in their own currency, that name no order of the course known at as-of; they
-- count nowhere else, and wait in quarantine for their purchase.
-- gross: what was paid. refunded: the sum of the refunds of the order in its currency, at most gross; a refund
-- without an amount gives all of it back. net = gross - refunded. Orders without an amount are worth 0.
-- last_lesson_idx: the highest lesson in which the learner was active before the first refund.
-- mature: bought at least 30 days (of 24 hours) before as-of.
-- approximate: the course has not one refund, so that it probably sends none; mature orders whose learner did not
-- enroll within those 30 days stand for refunded ones then, without an amount.
--
-- Metrics
-- refund rate = mature_refunded_orders / mature_orders.
-- money = gross, refunded and net per currency.
WITH known AS (
    SELECT day, course_id, learner_id, enroll_at, purchases, refunds
    FROM learner_days
    WHERE first_at < $as_of AND lesson_idx IS NULL AND quiz_id IS NULL
),
bought AS (
    SELECT
        day, course_id, learner_id, entry.at AS bought_at, entry.currency AS currency,
        coalesce(entry.order_id, entry.event_id) AS order_id,
        coalesce(entry.amount, 0) AS gross,
        row_number() OVER (
            PARTITION BY course_id, coalesce(entry.order_id, entry.event_id) ORDER BY entry.at, entry.event_id
        ) AS ordinal
    FROM (
        SELECT day, course_id, learner_id, unnest(purchases) AS entry FROM known
    ) AS purchased
),
given_back AS (
    SELECT
        day, course_id, entry.at AS refunded_at, entry.order_id AS order_id, entry.amount AS amount,
        entry.currency AS currency
    FROM (SELECT day, course_id, unnest(refunds) AS entry FROM known) AS refunds_of_days
),
orders AS (
    SELECT
        b.course_id, b.order_id, b.day, b.learner_id, b.currency, b.gross, b.bought_at,
        b.bought_at + $refund_window_days * INTERVAL '24' HOUR AS window_end,
        min(g.refunded_at) AS refunded_at,
        least(
            b.gross,
            coalesce(
                sum(coalesce(g.amount, b.gross)) FILTER (
                    WHERE g.refunded_at IS NOT NULL AND coalesce(g.currency, b.currency, '') = coalesce(b.currency, '')
                ), 0
            )
        ) AS refunded
    FROM bought AS b
    LEFT JOIN given_back AS g ON g.course_id = b.course_id AND g.order_id = b.order_id
    WHERE b.ordinal = 1
    GROUP BY b.course_id, b.order_id, b.day, b.learner_id, b.currency, b.gross, b.bought_at
),
enrolments AS (
    SELECT course_id, learner_id, min(enrolled_at) AS enrolled_at
    FROM (
        SELECT course_id, learner_id, unnest(enroll_at) AS enrolled_at FROM known WHERE learner_id IS NOT NULL
    ) AS enrolled
    GROUP BY course_id, learner_id
),
lessons AS (
    SELECT course_id, learner_id, lesson_idx, first_at
    FROM learner_days
    WHERE first_at < $as_of AND lesson_idx IS NOT NULL AND learner_id IS NOT NULL
),
reached AS (
    SELECT o.course_id, o.order_id, max(l.lesson_idx) AS last_lesson_idx
    FROM orders AS o
    JOIN lessons AS l ON l.course_id = o.course_id AND l.learner_id = o.learner_id AND l.first_at < o.refunded_at
    WHERE o.refunded_at IS NOT NULL
    GROUP BY o.course_id, o.order_id
),
silent_courses AS (
    SELECT DISTINCT b.course_id
    FROM bought AS b
    LEFT JOIN given_back AS g ON g.course_id = b.course_id
    WHERE g.course_id IS NULL
),
judged AS (
    SELECT
        o.course_id, o.currency, o.day, r.last_lesson_idx, o.gross, o.refunded,
        s.course_id IS NOT NULL AS approximate,
        o.window_end <= $as_of AS is_mature,
        CASE
            WHEN s.course_id IS NULL THEN o.refunded_at IS NOT NULL
            ELSE o.window_end <= $as_of AND o.learner_id IS NOT NULL
                AND NOT coalesce(e.enrolled_at < o.window_end, FALSE)
        END AS is_refunded
    FROM orders AS o
    LEFT JOIN reached AS r ON r.course_id = o.course_id AND r.order_id = o.order_id
    LEFT JOIN silent_courses AS s ON s.course_id = o.course_id
    LEFT JOIN enrolments AS e ON e.course_id = o.course_id AND e.learner_id = o.learner_id
),
counted AS (
    SELECT
        course_id, currency, day, last_lesson_idx, approximate, 1 AS orders,
        CASE WHEN is_refunded THEN 1 ELSE 0 END AS refunded_orders,
        CASE WHEN is_mature THEN 1 ELSE 0 END AS mature_orders,
        CASE WHEN is_mature AND is_refunded THEN 1 ELSE 0 END AS mature_refunded_orders,
        gross, refunded, 0 AS unknown_refunds
    FROM judged
    UNION ALL
    SELECT g.course_id, g.currency, g.day, NULL, FALSE, 0, 0, 0, 0, 0, 0, 1
    FROM given_back AS g
    LEFT JOIN orders AS o ON o.course_id = g.course_id AND o.order_id = g.order_id
    WHERE o.order_id IS NULL
)
SELECT
    course_id, currency, day AS cohort_day, last_lesson_idx,
    CAST(sum(orders) AS BIGINT) AS orders,
    CAST(sum(refunded_orders) AS BIGINT) AS refunded_orders,
    CAST(sum(mature_orders) AS BIGINT) AS mature_orders,
    CAST(sum(mature_refunded_orders) AS BIGINT) AS mature_refunded_orders,
    sum(gross) AS gross,
    sum(refunded) AS refunded,
    sum(gross - refunded) AS net,
    CAST(sum(unknown_refunds) AS BIGINT) AS unknown_refunds,
    approximate,
    $as_of AS as_of
FROM counted
GROUP BY course_id, currency, day, last_lesson_idx, approximate
