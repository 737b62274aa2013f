WITH
    learner AS (
        SELECT course_id, quiz_id, if(quiz_id = '', lesson_idx, -1) AS unnamed_in, learner_id, min(day) AS cohort_day,
               min(lesson_idx) AS lowest, sum(attempts) AS attempts, min(pass_at) AS first_pass_at,
               arraySort(groupArrayArray(attempt_at))[2] AS second_at, length(groupArrayArray(attempt_at)) AS tries,
               passed AND (max(passed_attempt_1) OR tries < 2 OR first_pass_at < second_at) AS passed_first,
               first_pass_at IS NOT NULL AS passed
        FROM learner_day
        WHERE attempts + passes > 0 AND first_at < {as_of:DateTime64(6, 'UTC')}
        GROUP BY course_id, quiz_id, unnamed_in, learner_id
    )
SELECT course_id, quiz_id, nullIf(min(min(lowest)) OVER (PARTITION BY course_id, quiz_id, unnamed_in), -1) AS lesson_idx,
       cohort_day, countIf(learner_id != '') AS attempters, countIf(learner_id != '' AND passed_first) AS first_attempt_passers,
       countIf(learner_id != '' AND passed) AS best_attempt_passers, sumIf(attempts, learner_id != '') AS attempts
FROM learner
GROUP BY course_id, quiz_id, unnamed_in, cohort_day
HAVING countIf(learner_id != '') > 0
