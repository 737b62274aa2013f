-- The learner days that tie learners of a course to each other by its orders: few, but on any day and of anybody.
--
-- An order is its earliest purchase, whoever made it, and any refund may name it. The file that the last publication
-- wrote tells of the days that have not changed since.
SELECT day, course_id, learner_id, first_at, purchases, refunds
FROM told_orders
WHERE NOT list_contains($changed_on, day)
UNION ALL
SELECT day, course_id, learner_id, first_at, purchases, refunds
FROM untold_days
WHERE lesson_idx IS NULL AND quiz_id IS NULL AND (len(purchases) > 0 OR len(refunds) > 0)
