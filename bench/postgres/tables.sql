DROP SCHEMA IF EXISTS plain CASCADE;
CREATE SCHEMA plain;
CREATE UNLOGGED TABLE plain.line (event jsonb);
CREATE TABLE plain.event (
    event_id text PRIMARY KEY, event_type text NOT NULL, learner_id text, course_id text, lesson_idx int,
    metadata jsonb NOT NULL, occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL
);
CREATE INDEX ON plain.event (occurred_at)
