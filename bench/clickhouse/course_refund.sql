WITH
    {as_of:DateTime64(6, 'UTC')} AS as_of,
    bought AS (
        SELECT course_id, if(x.order_id = '', x.event_id, x.order_id) AS order_id,
               argMin((day, learner_id, x.currency, x.amount, x.at), (x.at, x.event_id)) AS first
        FROM learner_day ARRAY JOIN purchases AS x
        WHERE first_at < as_of
        GROUP BY course_id, order_id
    ),
    given_back AS (
        SELECT course_id, x.order_id AS order_id, x.at AS at, x.amount AS amount, x.currency AS currency, day
        FROM learner_day ARRAY JOIN refunds AS x
        WHERE first_at < as_of
    ),
    reimbursed AS (
        SELECT course_id, order_id, min(at) AS refunded_at, sum(amount) AS amount FROM given_back GROUP BY course_id, order_id
    ),
    lesson AS (
        SELECT course_id, learner_id, groupArray((first_at, lesson_idx)) AS lessons
        FROM learner_day
        WHERE lesson_idx >= 0 AND learner_id != '' AND first_at < as_of
          AND (course_id, learner_id) IN (
              SELECT course_id, first.2 FROM bought WHERE (course_id, order_id) IN (SELECT course_id, order_id FROM given_back))
        GROUP BY course_id, learner_id
    ),
    judged AS (
        SELECT b.course_id AS course_id, first.1 AS day, first.3 AS currency, first.4 AS gross, r.order_id != '' AS was_refunded,
               least(first.4, r.amount) AS refunded, first.5 + INTERVAL 720 HOUR <= as_of AS is_mature,
               b.course_id NOT IN (SELECT course_id FROM given_back) AS approximate,
               arrayMax(x -> if(x.1 < r.refunded_at, x.2, -1), arrayConcat(l.lessons, [(as_of, -1)])) AS last_lesson
        FROM bought AS b
        LEFT JOIN reimbursed AS r ON r.course_id = b.course_id AND r.order_id = b.order_id
        LEFT JOIN lesson AS l ON l.course_id = b.course_id AND l.learner_id = first.2
    )
SELECT course_id, currency, day AS cohort_day, if(was_refunded AND last_lesson >= 0, last_lesson, NULL) AS last_lesson_idx,
       count() AS orders, countIf(was_refunded) AS refunded_orders, countIf(is_mature) AS mature_orders,
       countIf(is_mature AND was_refunded) AS mature_refunded_orders, sum(gross) AS gross,
       sum(refunded) AS refunded, sum(gross) - sum(refunded) AS net, 0 AS unknown_refunds, approximate
FROM judged
GROUP BY course_id, currency, day, last_lesson_idx, approximate
UNION ALL
SELECT course_id, currency, day, NULL, 0, 0, 0, 0, 0, 0, 0, count(), FALSE
FROM given_back
WHERE (course_id, order_id) NOT IN (SELECT course_id, order_id FROM bought)
GROUP BY course_id, currency, day
