-- What was received, per site day, course and event type: where every number comes from.
--
-- events: accepted events that count, anonymous ones included; anonymous: those of them without a learner.
-- excluded: accepted events of staff, instructors and test learners (metadata.role); they count nowhere else.
-- events + excluded of a day = the events that the lake holds of it.
-- duplicates: repeated deliveries left out at sealing. conflicts, rejected: events in quarantine because their
-- id was taken by another event, or for any other reason.
-- course_id is null for events without a course; event_type is null for rejected events of an unknown type.
--
-- Metrics
-- events counted = events.
-- events rejected = rejected + conflicts.
WITH received AS (
    SELECT
        day, course_id, event_type, learner_id,
        coalesce(json_extract_string(metadata, '$.role'), '') IN ('staff', 'instructor', 'test') AS is_excluded
    FROM events
),
counts AS (
    SELECT
        day, course_id, event_type,
        CASE WHEN is_excluded THEN 0 ELSE 1 END AS events,
        CASE WHEN is_excluded OR learner_id IS NOT NULL THEN 0 ELSE 1 END AS anonymous,
        CASE WHEN is_excluded THEN 1 ELSE 0 END AS excluded,
        0 AS duplicates, 0 AS conflicts, 0 AS rejected
    FROM received
    UNION ALL
    SELECT day, course_id, event_type, 0, 0, 0, duplicates, 0, 0
    FROM duplicate_count
    UNION ALL
    SELECT day, course_id, event_type, 0, 0, 0, 0, conflicts, rejected
    FROM quarantine_count
)
SELECT
    day, course_id, event_type,
    CAST(sum(events) AS BIGINT) AS events,
    CAST(sum(anonymous) AS BIGINT) AS anonymous,
    CAST(sum(excluded) AS BIGINT) AS excluded,
    CAST(sum(duplicates) AS BIGINT) AS duplicates,
    CAST(sum(conflicts) AS BIGINT) AS conflicts,
    CAST(sum(rejected) AS BIGINT) AS rejected
FROM counts
GROUP BY day, course_id, event_type
