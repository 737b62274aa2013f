-- What is carried on of learner days that are let go of: who entered where and when, and which orders there were.
--
-- In the form of learner days, so that the cohort models read it beside the kept ones: a learner who entered before
-- does not enter again, and a later refund finds how far the learner had come. Per course and learner there is one
-- row for lessons (first day, highest lesson), one for each quiz (first day, lowest lesson), one each for the first
-- course view, enrolment and completion; days with purchases or refunds keep these, purchases without amounts.
-- Lessons completed are carried for learners who did not enroll yet, since they count when they do. Nothing else is
-- carried: no views, no times, no attempts. Carrying on what was carried before changes nothing.
WITH entries AS (
    SELECT
        min(day) AS day, course_id, max(lesson_idx) AS lesson_idx, NULL AS quiz_id, learner_id,
        min(first_at) AS first_at, max(last_at) AS last_at, 0 AS attempts, NULL AS completed_at, NULL AS course_view_at,
        [] AS enroll_at, [] AS complete_at, [] AS purchases, [] AS refunds
    FROM learner_days
    WHERE lesson_idx IS NOT NULL AND learner_id IS NOT NULL
    GROUP BY course_id, learner_id
    UNION ALL
    SELECT
        min(day), course_id, lesson_idx, NULL, learner_id, min(completed_at), min(completed_at), 0,
        min(completed_at), NULL, [], [], [], []
    FROM learner_days AS done
    WHERE completed_at IS NOT NULL AND learner_id IS NOT NULL
      AND NOT EXISTS (
          SELECT 1 FROM learner_days AS e
          WHERE e.course_id = done.course_id AND e.learner_id = done.learner_id AND len(e.enroll_at) > 0
      )
    GROUP BY course_id, lesson_idx, learner_id
    UNION ALL
    SELECT
        min(day), course_id, min(lesson_idx), quiz_id, learner_id, min(first_at), max(last_at), 1, NULL, NULL,
        [], [], [], []
    FROM learner_days
    WHERE attempts + passes > 0
    GROUP BY course_id, quiz_id, CASE WHEN quiz_id IS NULL THEN lesson_idx END, learner_id
    UNION ALL
    SELECT
        min(day), course_id, NULL, NULL, learner_id, min(course_view_at), min(course_view_at), 0, NULL,
        min(course_view_at), [], [], [], []
    FROM learner_days
    WHERE course_view_at IS NOT NULL AND learner_id IS NOT NULL
    GROUP BY course_id, learner_id
    UNION ALL
    SELECT
        min(day), course_id, NULL, NULL, learner_id, min(list_min(enroll_at)), min(list_min(enroll_at)), 0, NULL, NULL,
        [min(list_min(enroll_at))], [], [], []
    FROM learner_days
    WHERE len(enroll_at) > 0 AND learner_id IS NOT NULL
    GROUP BY course_id, learner_id
    UNION ALL
    SELECT
        min(day), course_id, NULL, NULL, learner_id, min(list_min(complete_at)), min(list_min(complete_at)), 0, NULL, NULL,
        [], [min(list_min(complete_at))], [], []
    FROM learner_days
    WHERE len(complete_at) > 0 AND learner_id IS NOT NULL
    GROUP BY course_id, learner_id
    UNION ALL
    SELECT
        day, course_id, NULL, NULL, learner_id, list_min(list_transform(purchases, lambda each: each.at)),
        list_min(list_transform(purchases, lambda each: each.at)), 0, NULL, NULL, [], [],
        list_transform(purchases, lambda each: {
            'at': each.at, 'event_id': each.event_id, 'order_id': each.order_id,
            'amount': NULL::DECIMAL(18, 4), 'currency': NULL::VARCHAR
        }), []
    FROM learner_days
    WHERE len(purchases) > 0
    UNION ALL
    SELECT
        day, course_id, NULL, NULL, NULL, list_min(list_transform(refunds, lambda each: each.at)),
        list_min(list_transform(refunds, lambda each: each.at)), 0, NULL, NULL, [], [], [], refunds
    FROM learner_days
    WHERE len(refunds) > 0
)
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id, 0 AS events, first_at, last_at, 0 AS views,
    CASE WHEN completed_at IS NULL THEN 0 ELSE 1 END AS completions, completed_at, 0 AS reported_ms, 0 AS reported_n, 0 AS gap_ms, 0 AS gap_n, 0 AS unmeasured_views,
    [] AS views_by_hour, attempts, 0 AS passes, [] AS attempt_at, NULL AS pass_at, FALSE AS passed_attempt_1,
    0 AS course_views, course_view_at, enroll_at, complete_at, purchases, refunds
FROM entries
