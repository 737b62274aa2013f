WITH
    {as_of:DateTime64(6, 'UTC')} AS as_of,
    learner AS (
        SELECT course_id, learner_id, min(course_view_at) AS viewed_at, arraySort(groupArrayArray(enroll_at)) AS enrolled,
               arraySort(groupArrayArray(complete_at)) AS completed, arraySort(groupArrayArray(purchases))[1] AS bought,
               sum(length(purchases)) AS orders
        FROM learner_day
        WHERE lesson_idx < 0 AND quiz_id = '' AND learner_id != '' AND first_at < as_of
        GROUP BY course_id, learner_id
    ),
    given_back AS (
        SELECT DISTINCT course_id, refund.order_id AS order_id
        FROM learner_day ARRAY JOIN refunds AS refund
        WHERE first_at < as_of AND refund.order_id != ''
    ),
    entrant AS (
        SELECT 'discovery' AS funnel, course_id, assumeNotNull(viewed_at) AS entry_at, viewed_at + INTERVAL 2160 HOUR AS window_end,
               notEmpty(enrolled) AND enrolled[1] < viewed_at AS was_enrolled, FALSE AS was_refunded,
               arrayFirstOrNull(x -> x >= viewed_at AND x < window_end, enrolled) AS second_at,
               second_at IS NOT NULL AND arrayExists(x -> x >= second_at AND x < window_end, completed) AS third
        FROM learner WHERE viewed_at IS NOT NULL
        UNION ALL
        SELECT 'completion', course_id, enrolled[1] AS entry_at, entry_at + INTERVAL 2160 HOUR AS window_end, FALSE, FALSE,
               arrayFirstOrNull(x -> x >= entry_at AND x < window_end, completed), FALSE
        FROM learner WHERE notEmpty(enrolled)
        UNION ALL
        SELECT 'purchase', course_id, bought.at AS entry_at, entry_at + INTERVAL 2160 HOUR AS window_end, FALSE,
               (course_id, if(bought.order_id = '', bought.event_id, bought.order_id)) IN (SELECT course_id, order_id FROM given_back),
               arrayFirstOrNull(x -> x < window_end, enrolled) AS second_at,
               second_at IS NOT NULL AND arrayExists(x -> x < window_end, completed)
        FROM learner WHERE orders > 0
    )
SELECT course_id, funnel, toDate(entry_at) AS cohort_day, countIf(NOT was_enrolled) AS entered,
       countIf(NOT was_enrolled AND second_at IS NOT NULL) AS step_2,
       if(funnel = 'completion', NULL, countIf(NOT was_enrolled AND third)) AS step_3,
       countIf(NOT was_enrolled AND if(funnel = 'completion', second_at IS NOT NULL, third) AS is_converted) AS converted,
       countIf(NOT was_enrolled AND NOT is_converted AND NOT (window_end <= as_of AS is_mature)) AS open,
       countIf(NOT was_enrolled AND NOT is_converted AND is_mature) AS dropped,
       if(funnel = 'purchase', countIf(was_refunded), NULL) AS refunded,
       countIf(NOT was_enrolled AND is_mature) AS mature,
       countIf(NOT was_enrolled AND is_mature AND second_at IS NOT NULL) AS mature_step_2,
       if(funnel = 'completion', NULL, countIf(NOT was_enrolled AND is_mature AND third)) AS mature_step_3,
       if(funnel = 'discovery', countIf(was_enrolled), NULL) AS already_enrolled
FROM entrant
GROUP BY course_id, funnel, cohort_day
