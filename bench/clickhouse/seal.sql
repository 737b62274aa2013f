INSERT INTO event
SELECT event_id, event_type, ifNull(learner_id, ''), ifNull(course_id, ''), ifNull(lesson_idx, -1), metadata,
       fromUnixTimestamp64Micro(occurred_at, 'UTC'), fromUnixTimestamp64Micro(received_at, 'UTC'), skew_us
FROM file({file:String}, JSONEachRow,
    'event_id String, event_type String, learner_id Nullable(String), course_id Nullable(String),
     lesson_idx Nullable(Int32), metadata String, occurred_at Int64, received_at Int64, skew_us Int64');
