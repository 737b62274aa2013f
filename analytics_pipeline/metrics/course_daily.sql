-- Activity per course and site day. Persons are learner-days and are never summed over days.
--
-- learners: learners with any event in the course. enrolments, completions: learners with enroll, with complete.
-- course_views, views, lesson_completions, quiz_attempts, quiz_passes: events, anonymous ones included.
-- purchases, refunds: orders purchased and refunded on this day; an order is its orderId, else the event.
--
-- Metrics
-- daily activity = learners, events and orders of the day, as above.
WITH activity AS (
    SELECT
        day, course_id,
        count(DISTINCT learner_id) AS learners,
        sum(course_views) AS course_views,
        sum(views) AS views,
        sum(completions) AS lesson_completions,
        sum(attempts) AS quiz_attempts,
        sum(passes) AS quiz_passes,
        count(DISTINCT CASE WHEN array_length(enroll_at) > 0 THEN learner_id END) AS enrolments,
        count(DISTINCT CASE WHEN array_length(complete_at) > 0 THEN learner_id END) AS completions
    FROM learner_days
    GROUP BY day, course_id
),
entries AS (
    SELECT day, course_id, 'purchase' AS kind, unnest(purchases) AS entry FROM learner_days
    UNION ALL
    SELECT day, course_id, 'refund' AS kind, unnest(refunds) AS entry FROM learner_days
),
orders AS (
    SELECT
        day, course_id,
        count(DISTINCT CASE WHEN kind = 'purchase' THEN coalesce(entry.order_id, entry.event_id) END) AS purchases,
        count(DISTINCT CASE WHEN kind = 'refund' THEN coalesce(entry.order_id, entry.event_id) END) AS refunds
    FROM entries
    GROUP BY day, course_id
)
SELECT
    a.course_id, a.day, a.learners,
    CAST(a.course_views AS BIGINT) AS course_views,
    CAST(a.views AS BIGINT) AS views,
    CAST(a.lesson_completions AS BIGINT) AS lesson_completions,
    CAST(a.quiz_attempts AS BIGINT) AS quiz_attempts,
    CAST(a.quiz_passes AS BIGINT) AS quiz_passes,
    a.enrolments, a.completions,
    coalesce(o.purchases, 0) AS purchases,
    coalesce(o.refunds, 0) AS refunds
FROM activity AS a
LEFT JOIN orders AS o ON o.day = a.day AND o.course_id = a.course_id
