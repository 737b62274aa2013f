-- On which days the learners who moved were in their courses, and what they did there that makes an entry.
--
-- Of those who became quiet only the lessons matter, and of those who came, an entry of the course only if they came
-- to the course. Windows that ended meanwhile name their cohort days themselves, and purchases stand in known_orders.
SELECT
    p.course_id, p.learner_id, p.day, p.lesson_idx, p.quiz_id,
    list_contains($changed_on, p.day) AS is_changed,
    m.has_come AND p.attempts + p.passes > 0 AS is_quiz,
    m.came_to_course AND p.course_view_at IS NOT NULL AS is_view,
    m.came_to_course AND len(p.enroll_at) > 0 AS is_enrolment
FROM learner_days AS p
JOIN moved_learners AS m ON m.course_id = p.course_id AND m.learner_id = p.learner_id
