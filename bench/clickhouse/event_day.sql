SELECT toDate(occurred_at) AS day, course_id, event_type,
       countIf(NOT is_excluded) AS events, countIf(NOT is_excluded AND learner_id = '') AS anonymous,
       countIf(is_excluded) AS excluded
FROM (
    SELECT occurred_at, course_id, event_type, learner_id,
           JSONExtractString(metadata, 'role') IN ('staff', 'instructor', 'test') AS is_excluded
    FROM event
)
GROUP BY day, course_id, event_type
