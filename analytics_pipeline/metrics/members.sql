-- Who may belong to a moved cohort: whoever has a row of its level on its day.
SELECT DISTINCT m.level, d.course_id, d.learner_id
FROM entry_days AS d
JOIN moved_cohorts AS m
    ON m.course_id = d.course_id AND m.cohort_day = d.day
    AND m.level = CASE WHEN d.lesson_idx IS NULL AND d.quiz_id IS NULL THEN 'course' ELSE 'lesson' END
WHERE d.learner_id IS NOT NULL
