-- Activity per lesson and week of site days, Monday to Sunday: sums of lesson_daily, its histograms too.
--
-- Persons are learner-days, as in lesson_daily: a learner who came on two days counts twice.
-- Written in PostgreSQL's dialect, since it reads what is published: %(days_of_weeks)s are all
-- days of the weeks to renew.
INSERT INTO analytics.lesson_week
    (course_id, week, lesson_idx, views, viewers, measured_learners, active_ms_sum, active_ms_hist, computed_at,
     run_id)
WITH rows AS (
    SELECT course_id, date_trunc('week', day)::date AS week, lesson_idx, views, viewers, measured_learners,
           active_ms_sum, active_ms_hist
      FROM analytics.lesson_daily
     WHERE day = ANY(%(days_of_weeks)s)
),
counted AS (
    SELECT course_id, week, lesson_idx, sum(views) AS views, sum(viewers) AS viewers,
           sum(measured_learners) AS measured_learners, sum(active_ms_sum) AS active_ms_sum
      FROM rows
     GROUP BY course_id, week, lesson_idx
),
buckets AS (
    SELECT course_id, week, lesson_idx, bucket, sum(learners::bigint) AS learners
      FROM rows CROSS JOIN jsonb_each_text(active_ms_hist) AS entry (bucket, learners)
     GROUP BY course_id, week, lesson_idx, bucket
),
histograms AS (
    SELECT course_id, week, lesson_idx, jsonb_object_agg(bucket, learners) AS active_ms_hist
      FROM buckets
     GROUP BY course_id, week, lesson_idx
)
SELECT course_id, week, lesson_idx, views, viewers, measured_learners, active_ms_sum,
       coalesce(active_ms_hist, '{}'), now(), %(run_id)s
  FROM counted LEFT JOIN histograms USING (course_id, week, lesson_idx)
 -- A page reads all lessons of a course: let those of a week lie together.
 ORDER BY week, course_id, lesson_idx
