WITH
    learner_lesson AS (
        SELECT day, course_id, lesson_idx, learner_id, sum(views) AS views, sum(completions) AS completions,
               sum(attempts) AS attempts, sum(passes) AS passes, groupArrayArray(view_hours) AS hours,
               multiIf(sum(reported_n) > 0, sum(reported_ms), sum(gap_n) > 0, sum(gap_ms), NULL) AS active_ms
        FROM learner_day
        WHERE lesson_idx >= 0
        GROUP BY day, course_id, lesson_idx, learner_id
    )
SELECT course_id, lesson_idx, day, sum(views) AS views, countIf(learner_id != '') AS viewers,
       countIf(learner_id != '' AND completions > 0) AS completers, sum(attempts) AS quiz_attempts,
       countIf(learner_id != '' AND attempts + passes > 0) AS quiz_attempters,
       countIf(learner_id != '' AND passes > 0) AS quiz_passers,
       arraySort(groupArrayIf(active_ms, learner_id != '' AND active_ms IS NOT NULL)) AS times,
       length(times) AS measured_learners, arraySum(times) AS active_ms_sum,
       if(empty(times), NULL, times[intDiv(length(times) + 1, 2)]) AS active_ms_median,
       if(empty(times), NULL, times[intDiv(9 * length(times) + 9, 10)]) AS active_ms_p90,
       mapSort(arrayReduce('sumMap', arrayMap(ms -> map(roundDown(ms, {lows:Array(Int64)}), 1), times))) AS low_ms_hist,
       arrayMap(hour -> countEqual(groupArrayArray(hours) AS all_hours, hour), range(25)) AS views_by_hour
FROM learner_lesson
GROUP BY day, course_id, lesson_idx
