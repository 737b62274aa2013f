CREATE TABLE event (
    event_id String, event_type LowCardinality(String), learner_id String, course_id LowCardinality(String),
    lesson_idx Int32, metadata String, occurred_at DateTime64(6, 'UTC'), received_at DateTime64(6, 'UTC'),
    skew_us Int64
) ENGINE = MergeTree ORDER BY (course_id, learner_id, occurred_at);

CREATE TABLE learner_day (
    day Date, course_id LowCardinality(String), lesson_idx Int32, quiz_id String, learner_id String,
    events UInt64, first_at DateTime64(6, 'UTC'), last_at DateTime64(6, 'UTC'), views UInt64,
    completions UInt64, completed_at Nullable(DateTime64(6, 'UTC')), reported_ms Int64, reported_n UInt64,
    gap_ms Int64, gap_n UInt64, unmeasured_views UInt64, view_hours Array(UInt8), attempts UInt64,
    passes UInt64, attempt_at Array(DateTime64(6, 'UTC')), pass_at Nullable(DateTime64(6, 'UTC')),
    passed_attempt_1 UInt8, course_views UInt64, course_view_at Nullable(DateTime64(6, 'UTC')),
    enroll_at Array(DateTime64(6, 'UTC')), complete_at Array(DateTime64(6, 'UTC')),
    purchases Array(Tuple(at DateTime64(6, 'UTC'), event_id String, order_id String, amount Decimal(18, 4), currency String)),
    refunds Array(Tuple(at DateTime64(6, 'UTC'), event_id String, order_id String, amount Decimal(18, 4), currency String))
) ENGINE = MergeTree ORDER BY (course_id, learner_id);
