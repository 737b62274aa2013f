-- What the lake's files hold of each site day: events, events of learner days, and event ids that repeat.
WITH held AS (
    SELECT day, count(*) AS events, count(*) - count(DISTINCT event_id) AS repeated_ids
    FROM events
    GROUP BY day
),
derived AS (
    SELECT day, sum(events) AS learner_day_events
    FROM learner_days
    GROUP BY day
)
SELECT
    s.day,
    coalesce(h.events, 0) AS events,
    CAST(coalesce(d.learner_day_events, 0) AS BIGINT) AS learner_day_events,
    coalesce(h.repeated_ids, 0) AS repeated_ids
FROM site_days AS s
LEFT JOIN held AS h ON h.day = s.day
LEFT JOIN derived AS d ON d.day = s.day
