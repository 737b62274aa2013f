SELECT course_id, day, uniqExactIf(learner_id, learner_id != '') AS learners,
       sum(course_views) AS course_views, sum(views) AS views, sum(completions) AS lesson_completions,
       sum(attempts) AS quiz_attempts, sum(passes) AS quiz_passes,
       uniqExactIf(learner_id, learner_id != '' AND notEmpty(enroll_at)) AS enrolments,
       uniqExactIf(learner_id, learner_id != '' AND notEmpty(complete_at)) AS completions,
       length(arrayDistinct(arrayMap(x -> if(x.order_id = '', x.event_id, x.order_id), groupArrayArray(purchases)))) AS purchases,
       length(arrayDistinct(arrayMap(x -> if(x.order_id = '', x.event_id, x.order_id), groupArrayArray(refunds)))) AS refunds
FROM learner_day
GROUP BY day, course_id
