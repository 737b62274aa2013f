-- What one learner did on one site day in one course, lesson and quiz; every other number is computed from it.
--
-- Grain: day, course, lesson or null, quiz or null, learner or null for anonymous events. Each event that
-- counts belongs to exactly one row. Events of staff, instructors and test learners (metadata.role) do not
-- count; events without a course have no learner day.
-- Lesson: of lesson_viewed, lesson_time, lesson_completed and the quiz events; all others belong to the course.
-- Quiz: metadata.quizId of quiz events, as text; where it is null, the lesson stands for its quiz.
-- Time, in milliseconds: reported_ms sums the activeMs of lesson_time, whole milliseconds each; a report over
-- 10 minutes is dropped, since the machine slept. gap_ms sums the time from each lesson_viewed to the learner's
-- next event in the course, strictly later and within the site day; a gap over 30 minutes is left out, or over
-- 4 hours where a next event completes the same lesson. Views of a lesson at one instant have one gap.
-- unmeasured_views counts the views without one. gap_ms belongs to learners, never to anonymous events.
-- views_by_hour: views by hours since the day's first instant, 25 entries; null in a row without views.
-- attempt_at: the two earliest attempts. passed_attempt_1: a quiz_passed that says it was attempt 1.
-- enroll_at, complete_at, purchases and refunds: all of them, oldest first; null where there is none.
WITH counted AS (
    SELECT
        day, event_id, event_type, learner_id, course_id, occurred_at, metadata,
        CASE WHEN event_type LIKE 'lesson_%' OR event_type LIKE 'quiz_%' THEN lesson_idx END AS lesson_idx,
        CASE WHEN event_type LIKE 'quiz_%' THEN json_extract_string(metadata, '$.quizId') END AS quiz_id,
        CASE
            WHEN event_type = 'lesson_time' THEN try_cast(json_extract_string(metadata, '$.activeMs') AS DOUBLE)
        END AS active_ms
    FROM events
    WHERE course_id IS NOT NULL
      AND coalesce(json_extract_string(metadata, '$.role'), '') NOT IN ('staff', 'instructor', 'test')
),
view_instants AS (
    SELECT day, course_id, lesson_idx, learner_id, occurred_at, count(*) AS views, min(event_id) AS event_id
    FROM counted
    WHERE event_type = 'lesson_viewed' AND learner_id IS NOT NULL
    GROUP BY day, course_id, lesson_idx, learner_id, occurred_at
),
following AS (
    SELECT
        day, course_id, learner_id, occurred_at,
        lead(occurred_at) OVER (PARTITION BY day, course_id, learner_id ORDER BY occurred_at) AS next_at
    FROM (
        SELECT DISTINCT day, course_id, learner_id, occurred_at FROM counted WHERE learner_id IS NOT NULL
    ) AS instants
),
closings AS (
    SELECT DISTINCT day, course_id, lesson_idx, learner_id, occurred_at
    FROM counted
    WHERE event_type = 'lesson_completed' AND learner_id IS NOT NULL
),
gaps AS (
    SELECT v.day, v.event_id, v.views, date_diff('microsecond', v.occurred_at, f.next_at) // 1000 AS gap_ms
    FROM view_instants AS v
    JOIN following AS f
        ON f.day = v.day AND f.course_id = v.course_id AND f.learner_id = v.learner_id
        AND f.occurred_at = v.occurred_at
    LEFT JOIN closings AS c
        ON c.day = v.day AND c.course_id = v.course_id AND c.learner_id = v.learner_id
        AND c.lesson_idx = v.lesson_idx AND c.occurred_at = f.next_at
    WHERE f.next_at <= v.occurred_at + CASE
        WHEN c.occurred_at IS NULL THEN INTERVAL '30' MINUTE ELSE INTERVAL '4' HOUR
    END
),
detailed AS (
    SELECT
        c.*, g.gap_ms, g.views AS measured_views,
        CASE
            WHEN c.event_type = 'lesson_viewed'
            THEN least(date_diff('microsecond', s.starts_at, c.occurred_at) // 3600000000, 24)
        END AS view_hour,
        CASE
            WHEN c.event_type IN ('purchase', 'refund')
            THEN {
                'at': c.occurred_at,
                'event_id': c.event_id,
                'order_id': json_extract_string(c.metadata, '$.orderId'),
                'amount': try_cast(json_extract_string(c.metadata, '$.amount') AS DECIMAL(18, 4)),
                'currency': json_extract_string(c.metadata, '$.currency')
            }
        END AS purchase_or_refund
    FROM counted AS c
    JOIN site_days AS s ON s.day = c.day
    LEFT JOIN gaps AS g ON g.day = c.day AND g.event_id = c.event_id
)
SELECT
    day, course_id, lesson_idx, quiz_id, learner_id,
    count(*) AS events,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    count(*) FILTER (WHERE event_type = 'lesson_viewed') AS views,
    count(*) FILTER (WHERE event_type = 'lesson_completed') AS completions,
    min(occurred_at) FILTER (WHERE event_type = 'lesson_completed') AS completed_at,
    CAST(
        coalesce(sum(CAST(floor(active_ms) AS BIGINT)) FILTER (WHERE active_ms <= 600000), 0) AS BIGINT
    ) AS reported_ms,
    count(*) FILTER (WHERE active_ms <= 600000) AS reported_n,
    CAST(coalesce(sum(gap_ms), 0) AS BIGINT) AS gap_ms,
    count(gap_ms) AS gap_n,
    CAST(
        count(*) FILTER (WHERE event_type = 'lesson_viewed') - coalesce(sum(measured_views), 0) AS BIGINT
    ) AS unmeasured_views,
    CASE
        WHEN count(*) FILTER (WHERE event_type = 'lesson_viewed') > 0
        -- One list, counted: 25 counts with a filter each took most of the time of this model.
        THEN list_transform(
            range(25),
            lambda hour: CAST(array_length(
                list_filter(
                    array_agg(view_hour) FILTER (WHERE event_type = 'lesson_viewed'), lambda viewed: viewed = hour
                )
            ) AS BIGINT)
        )
    END AS views_by_hour,
    count(*) FILTER (WHERE event_type = 'quiz_attempted') AS attempts,
    count(*) FILTER (WHERE event_type = 'quiz_passed') AS passes,
    array_slice(
        list_sort(
            array_agg({'at': occurred_at, 'event_id': event_id}) FILTER (WHERE event_type = 'quiz_attempted')
        ), 1, 2
    ) AS attempt_at,
    min(occurred_at) FILTER (WHERE event_type = 'quiz_passed') AS pass_at,
    count(*) FILTER (
        WHERE event_type = 'quiz_passed' AND try_cast(json_extract_string(metadata, '$.attempt') AS DOUBLE) = 1
    ) > 0 AS passed_attempt_1,
    count(*) FILTER (WHERE event_type = 'course_view') AS course_views,
    min(occurred_at) FILTER (WHERE event_type = 'course_view') AS course_view_at,
    list_sort(array_agg(occurred_at) FILTER (WHERE event_type = 'enroll')) AS enroll_at,
    list_sort(array_agg(occurred_at) FILTER (WHERE event_type = 'complete')) AS complete_at,
    list_sort(array_agg(purchase_or_refund) FILTER (WHERE event_type = 'purchase')) AS purchases,
    list_sort(array_agg(purchase_or_refund) FILTER (WHERE event_type = 'refund')) AS refunds
FROM detailed
GROUP BY day, course_id, lesson_idx, quiz_id, learner_id
