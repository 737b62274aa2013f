-- Fills the published tables: bench_day, bench_course, bench_lesson_course and bench_lesson say with which rows.
-- Daily rows lie by day, as nights publish them; cohort rows lie course by course. The courses of
-- bench_lesson_course have every row. The other ones have what the list of courses reads, and a row a week where
-- only weeks of it are read.
INSERT INTO analytics.course_daily
SELECT course_id, day, 20 + random() * 60, 30, 90, 25, 12, 8, 5, 2, 3, 0, now(), 'bench'
  FROM bench_day CROSS JOIN bench_course
 WHERE extract(isodow FROM day) = 1 OR course_id IN (SELECT course_id FROM bench_lesson_course)
 ORDER BY day;

INSERT INTO analytics.event_day (day, course_id, event_type, events, anonymous, excluded, duplicates,
                                 conflicts, rejected, computed_at, run_id)
SELECT day, course_id, kind::analytics.event_type, 20, 1, 0, 1, 0, 0, now(), 'bench'
  FROM bench_day CROSS JOIN bench_lesson_course
 CROSS JOIN unnest(ARRAY['course_view', 'enroll', 'lesson_viewed', 'lesson_completed']) AS kind
 ORDER BY day, course_id;

INSERT INTO analytics.course_funnel
    (course_id, funnel, cohort_day, entered, step_2, step_3, converted, open, dropped, refunded, mature,
     mature_step_2, mature_step_3, already_enrolled, as_of, computed_at, run_id)
SELECT course_id, funnel, day, 8, 3, 2, 2, 3, 3, 0, 5, 2, 1, 1, %(as_of)s, now(), 'bench'
  FROM bench_lesson_course CROSS JOIN bench_day
 CROSS JOIN unnest(ARRAY['discovery', 'purchase']) AS funnel
 UNION ALL
SELECT course_id, 'completion', day, 8, 3, 2, 2, 3, 3, 0, 5, 2, 1, 1, %(as_of)s, now(), 'bench'
  FROM bench_course CROSS JOIN bench_day
 WHERE extract(isodow FROM day) = 1 OR course_id IN (SELECT course_id FROM bench_lesson_course)
 ORDER BY course_id;

INSERT INTO analytics.course_refund
    (course_id, currency, cohort_day, last_lesson_idx, orders, refunded_orders, mature_orders,
     mature_refunded_orders, gross, refunded, net, unknown_refunds, approximate, as_of, computed_at, run_id)
SELECT course_id, 'EUR', day, NULL, 3, 0, 3, 0, 90 * random(), 0, 60, 0, false, %(as_of)s, now(), 'bench'
  FROM bench_course CROSS JOIN bench_day
 ORDER BY course_id;

INSERT INTO analytics.quiz_cohort
    (course_id, quiz_id, lesson_idx, cohort_day, attempters, first_attempt_passers, best_attempt_passers,
     attempts, as_of, computed_at, run_id)
SELECT course_id, 'final', 3, day, 8, 4, 6, 12, %(as_of)s, now(), 'bench'
  FROM bench_lesson_course CROSS JOIN bench_day
 ORDER BY course_id;

INSERT INTO analytics.lesson_cohort
SELECT course_id, lesson_idx, day, 6, 4, 1, 1, 1, %(as_of)s, now(), 'bench'
  FROM bench_lesson_course CROSS JOIN bench_lesson CROSS JOIN bench_day
 ORDER BY course_id;

INSERT INTO analytics.lesson_daily
SELECT course_id, lesson_idx, day, 30, 12, 5, 2, 2, 1, 10, 900000, 60000, 180000,
       '{"95": 2, "104": 3, "112": 3, "120": 1, "128": 1}',
       array_fill(1::bigint, ARRAY[25]), now(), 'bench'
  FROM bench_day CROSS JOIN bench_lesson_course CROSS JOIN bench_lesson
 ORDER BY day, course_id;

INSERT INTO analytics.signal
    (rule, course_id, lesson_idx, opened_at, last_seen_at, severity, value, threshold, evidence,
     computed_at, run_id)
SELECT 'high_drop_off_lesson', course_id, lesson, %(last)s, %(last)s, 'warning', 0.4, 0.3,
       '{"numerator": 40, "denominator": 100, "low": 0.31, "high": 0.5}', now(), 'bench'
  FROM bench_course CROSS JOIN generate_series(0, 1) AS lesson;

INSERT INTO analytics.metric_revision
    (table_name, key, metric, old_value, new_value, cause, changed_at, run_id)
SELECT 'course_daily', jsonb_build_object('course_id', course_id, 'day', %(last)s::date), 'learners',
       '39', '40', 'late events', now(), 'bench'
  FROM bench_course CROSS JOIN generate_series(0, 9) AS again;
