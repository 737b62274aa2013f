-- Learners and completion per course and week of cohort days, Monday to Sunday.
--
-- Sums of lesson_cohort (learners: each has one furthest lesson) and of the completion funnel of course_funnel.
-- Written in PostgreSQL's dialect, since it reads what is published; %(first_week)s is the first week to renew.
INSERT INTO analytics.course_week
    (week, course_id, learners, enrolled, completed, mature, mature_completed, as_of, computed_at, run_id)
SELECT week, course_id, sum(learners), sum(enrolled), sum(completed), sum(mature), sum(mature_completed),
       %(as_of)s, now(), %(run_id)s
  FROM (
      SELECT date_trunc('week', cohort_day)::date AS week, course_id, stopped + active + finished AS learners,
             0 AS enrolled, 0 AS completed, 0 AS mature, 0 AS mature_completed
        FROM analytics.lesson_cohort
       WHERE cohort_day >= %(first_week)s
      UNION ALL
      SELECT date_trunc('week', cohort_day)::date, course_id, 0, entered, converted, mature, mature_step_2
        FROM analytics.course_funnel
       WHERE funnel = 'completion' AND cohort_day >= %(first_week)s
  ) AS counted
 GROUP BY week, course_id
