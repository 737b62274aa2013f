INSERT INTO plain.event
SELECT event ->> 'event_id', event ->> 'event_type', event ->> 'learner_id', event ->> 'course_id',
       (event ->> 'lesson_idx')::int, event -> 'metadata',
       to_timestamp(0) + (event ->> 'occurred_at')::bigint * interval '1 microsecond',
       to_timestamp(0) + (event ->> 'received_at')::bigint * interval '1 microsecond'
  FROM plain.line
ON CONFLICT DO NOTHING;
DROP TABLE plain.line;
ANALYZE plain.event
