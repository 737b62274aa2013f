-- What is told now of those whom met_entries and new_entries tell of.
SELECT *
FROM new_entries
UNION ALL
SELECT *
FROM met_entries
ANTI JOIN new_entries USING (course_id, learner_id)
