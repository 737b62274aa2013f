-- Funnels per course and cohort day: how many learners went how far; counts add up over cohort days.
--
-- discovery: course_view, enroll, complete. completion: enroll, complete. purchase: purchase, enroll, complete.
-- Entry: the learner's first such event in the course; its day is the cohort day. In discovery, learners who
-- enrolled before their first course view do not enter and are counted as already_enrolled.
-- Window: from entry, window_days times 24 hours, its end not included: 90 days, unless the settings or the
-- catalogue give the course its own.
-- A step is reached by the first such event at or after the moment that the step before was reached, within the
-- window; other events may come between, and equal times count as after. In purchase, enroll and complete count
-- whenever they happened up to the window's end, complete only with enroll, since some platforms sell after
-- enrolment. refunded marks learners whose entry order (orderId, else the event) was refunded at any time.
-- entered = converted + open + dropped. Mature entrants are those whose window is over at as-of; open ones are
-- not converted and not mature, dropped ones not converted and mature. Open is never counted as lost.
-- completed_required, progress_sum: of the funnel completion, by content: entrants who completed every lesson that
-- the catalogue requires, and the sum of the shares that each entrant completed; a lesson counts whenever it was
-- completed up to the window's end. Null in other funnels, and where the catalogue requires no lesson; required_lessons
-- says how many it requires.
--
-- Metrics
-- conversion so far = step_2, step_3 or converted / entered: a lower bound while windows are open.
-- conversion of mature entrants = mature_step_2 or mature_step_3 / mature: of those only whose window is over.
-- course completion = converted / entered and mature_step_2 / mature of the funnel completion: by complete events.
-- completion by content = completed_required / entered and mature_completed_required / mature: by required lessons.
-- average progress = progress_sum / entered: the mean share of required lessons completed.
WITH known AS (
    SELECT day, course_id, learner_id, course_view_at, enroll_at, complete_at, purchases, refunds
    FROM learner_days
    WHERE first_at < $as_of AND lesson_idx IS NULL AND quiz_id IS NULL
),
steps AS (
    SELECT day, course_id, learner_id, 'enroll' AS step, unnest(enroll_at) AS reached_at
    FROM known
    WHERE learner_id IS NOT NULL
    UNION ALL
    SELECT day, course_id, learner_id, 'complete' AS step, unnest(complete_at) AS reached_at
    FROM known
    WHERE learner_id IS NOT NULL
),
bought AS (
    SELECT
        day, course_id, learner_id, entry.at AS bought_at, coalesce(entry.order_id, entry.event_id) AS order_id,
        row_number() OVER (PARTITION BY course_id, learner_id ORDER BY entry.at, entry.event_id) AS ordinal
    FROM (
        SELECT day, course_id, learner_id, unnest(purchases) AS entry FROM known WHERE learner_id IS NOT NULL
    ) AS purchased
),
refunded_orders AS (
    SELECT DISTINCT course_id, entry.order_id AS order_id
    FROM (SELECT course_id, unnest(refunds) AS entry FROM known) AS given_back
    WHERE entry.order_id IS NOT NULL
),
first_views AS (
    SELECT course_id, learner_id, min(day) AS cohort_day, min(course_view_at) AS entry_at
    FROM known
    WHERE learner_id IS NOT NULL AND course_view_at IS NOT NULL
    GROUP BY course_id, learner_id
),
first_enrolments AS (
    SELECT course_id, learner_id, min(day) AS cohort_day, min(reached_at) AS entry_at
    FROM steps
    WHERE step = 'enroll'
    GROUP BY course_id, learner_id
),
entries AS (
    SELECT
        'discovery' AS funnel, v.course_id, v.learner_id, v.cohort_day, v.entry_at,
        v.entry_at AS counts_from, 'enroll' AS second_step,
        coalesce(e.entry_at < v.entry_at, FALSE) AS was_enrolled,
        FALSE AS was_refunded
    FROM first_views AS v
    LEFT JOIN first_enrolments AS e ON e.course_id = v.course_id AND e.learner_id = v.learner_id
    UNION ALL
    SELECT 'completion', course_id, learner_id, cohort_day, entry_at, entry_at, 'complete', FALSE, FALSE
    FROM first_enrolments
    UNION ALL
    SELECT
        'purchase', b.course_id, b.learner_id, b.day, b.bought_at, NULL, 'enroll', FALSE, r.order_id IS NOT NULL
    FROM bought AS b
    LEFT JOIN refunded_orders AS r ON r.course_id = b.course_id AND r.order_id = b.order_id
    WHERE b.ordinal = 1
),
entrants AS (
    SELECT
        e.*,
        coalesce(w.window_days, $funnel_window_days) AS window_days,
        e.entry_at + coalesce(w.window_days, $funnel_window_days) * INTERVAL '24' HOUR AS window_end
    FROM entries AS e
    LEFT JOIN funnel_windows AS w ON w.course_id = e.course_id
),
second_steps AS (
    SELECT e.funnel, e.course_id, e.learner_id, min(s.reached_at) AS reached_at
    FROM entrants AS e
    JOIN steps AS s ON s.course_id = e.course_id AND s.learner_id = e.learner_id AND s.step = e.second_step
    WHERE s.reached_at < e.window_end AND (e.counts_from IS NULL OR s.reached_at >= e.counts_from)
    GROUP BY e.funnel, e.course_id, e.learner_id
),
third_steps AS (
    SELECT DISTINCT e.funnel, e.course_id, e.learner_id
    FROM entrants AS e
    JOIN second_steps AS t ON t.funnel = e.funnel AND t.course_id = e.course_id AND t.learner_id = e.learner_id
    JOIN steps AS s ON s.course_id = e.course_id AND s.learner_id = e.learner_id AND s.step = 'complete'
    WHERE s.reached_at < e.window_end AND (e.counts_from IS NULL OR s.reached_at >= t.reached_at)
      AND e.second_step = 'enroll'
),
required AS (
    SELECT course_id, count(*) AS lessons
    FROM required_lessons
    GROUP BY course_id
),
lessons_done AS (
    SELECT e.course_id, e.learner_id, count(DISTINCT d.lesson_idx) AS lessons
    FROM entrants AS e
    JOIN learner_days AS d ON d.course_id = e.course_id AND d.learner_id = e.learner_id
    JOIN required_lessons AS r ON r.course_id = d.course_id AND r.lesson_idx = d.lesson_idx
    WHERE e.funnel = 'completion' AND d.first_at < $as_of AND d.completed_at < e.window_end
    GROUP BY e.course_id, e.learner_id
),
progress AS (
    SELECT
        e.funnel, e.course_id, e.cohort_day, e.was_enrolled, e.was_refunded, e.window_days,
        CASE WHEN e.funnel = 'completion' THEN q.lessons END AS required_lessons,
        coalesce(d.lessons, 0) AS done_lessons,
        NOT e.was_enrolled AS has_entered,
        t.reached_at IS NOT NULL AS second,
        h.funnel IS NOT NULL AS third,
        CASE WHEN e.second_step = 'enroll' THEN h.funnel ELSE t.funnel END IS NOT NULL AS is_converted,
        e.window_end <= $as_of AS is_mature
    FROM entrants AS e
    LEFT JOIN second_steps AS t ON t.funnel = e.funnel AND t.course_id = e.course_id AND t.learner_id = e.learner_id
    LEFT JOIN third_steps AS h ON h.funnel = e.funnel AND h.course_id = e.course_id AND h.learner_id = e.learner_id
    LEFT JOIN required AS q ON q.course_id = e.course_id
    LEFT JOIN lessons_done AS d ON d.course_id = e.course_id AND d.learner_id = e.learner_id
)
SELECT
    course_id, funnel, cohort_day,
    count(*) FILTER (WHERE has_entered) AS entered,
    count(*) FILTER (WHERE has_entered AND second) AS step_2,
    CASE WHEN funnel <> 'completion' THEN count(*) FILTER (WHERE has_entered AND third) END AS step_3,
    count(*) FILTER (WHERE has_entered AND is_converted) AS converted,
    count(*) FILTER (WHERE has_entered AND NOT is_converted AND NOT is_mature) AS open,
    count(*) FILTER (WHERE has_entered AND NOT is_converted AND is_mature) AS dropped,
    CASE WHEN funnel = 'purchase' THEN count(*) FILTER (WHERE has_entered AND was_refunded) END AS refunded,
    count(*) FILTER (WHERE has_entered AND is_mature) AS mature,
    count(*) FILTER (WHERE has_entered AND is_mature AND second) AS mature_step_2,
    CASE WHEN funnel <> 'completion' THEN count(*) FILTER (WHERE has_entered AND is_mature AND third) END
        AS mature_step_3,
    CASE WHEN funnel = 'discovery' THEN count(*) FILTER (WHERE was_enrolled) END AS already_enrolled,
    CASE WHEN required_lessons > 0 THEN count(*) FILTER (WHERE done_lessons = required_lessons) END
        AS completed_required,
    CASE WHEN required_lessons > 0 THEN count(*) FILTER (WHERE is_mature AND done_lessons = required_lessons) END
        AS mature_completed_required,
    -- Whole lessons are added up before they are divided: the same sum in whatever order.
    CASE WHEN required_lessons > 0 THEN CAST(sum(done_lessons) AS DOUBLE) / required_lessons END AS progress_sum,
    CAST(required_lessons AS INTEGER) AS required_lessons,
    CAST(window_days AS INTEGER) AS window_days,
    $as_of AS as_of
FROM progress
GROUP BY course_id, funnel, cohort_day, required_lessons, window_days
