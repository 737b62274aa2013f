"""Published tables by cohort day."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from analytics_pipeline.database.tables.columns import (
    ADDED_AS,
    INSTANT,
    MONEY,
    STATED,
    as_of,
    count,
    metadata,
    persons,
    provenance,
)

lesson_cohort = Table(
    "lesson_cohort",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("lesson_idx", Integer, primary_key=True, autoincrement=False, comment="Lesson, counted from 0."),
    Column(
        "cohort_day",
        Date,
        primary_key=True,
        comment="Day of the learner's first lesson activity in the course.",
    ),
    persons("viewers", "Learners with any activity in the lesson."),
    persons("completers", "Those of them with lesson_completed."),
    persons("stopped", "Learners whose furthest lesson this is, not complete and quiet before as-of."),
    persons("active", "Learners whose furthest lesson this is, not complete and not quiet."),
    persons("finished", "Learners whose furthest lesson this is and who completed the course."),
    as_of(),
    *provenance(),
    schema="analytics",
    comment="Where learners are and stop, per lesson and cohort day; counts add up over cohort days.",
)

quiz_cohort = Table(
    "quiz_cohort",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("course_id", Text, nullable=False, comment="Course."),
    Column("quiz_id", Text, comment="Quiz; null where the lesson stands for its quiz."),
    Column("lesson_idx", Integer, comment="Lowest lesson in which the quiz was seen; null if in none."),
    Column("cohort_day", Date, nullable=False, comment="Day of the learner's first attempt at this quiz."),
    persons("attempters", "Learners who attempted or passed the quiz."),
    persons("first_attempt_passers", "Those whose first attempt passed."),
    persons("best_attempt_passers", "Those who ever passed."),
    count("attempts", "quiz_attempted events of these learners."),
    as_of(),
    *provenance(),
    UniqueConstraint("course_id", "quiz_id", "lesson_idx", "cohort_day", postgresql_nulls_not_distinct=True),
    schema="analytics",
    comment="Quiz results per quiz and cohort day; counts add up over cohort days.",
)


course_funnel = Table(
    "course_funnel",
    metadata,
    Column("course_id", Text, primary_key=True, comment="Course."),
    Column("funnel", Text, primary_key=True, comment="discovery, completion or purchase."),
    Column("cohort_day", Date, primary_key=True, comment="Day on which the learner reached the first step."),
    persons("entered", "Learners who reached the first step."),
    persons("step_2", "Those who reached the second step within the window."),
    persons(
        "step_3",
        "Those who reached the third step; null where the funnel has two.",
        nullable=True,
    ),
    persons("converted", "Those who reached the last step."),
    persons("open", "Not converted, and their window is still open at as-of."),
    persons("dropped", "Not converted, and their window is over at as-of."),
    persons(
        "refunded",
        "Those whose entry order was refunded (purchase only); a marker across states.",
        nullable=True,
    ),
    persons("mature", "Entrants whose window is over at as-of."),
    persons("mature_step_2", "Mature entrants who reached the second step."),
    persons(
        "mature_step_3",
        "Mature entrants who reached the third step; null where there is none.",
        nullable=True,
    ),
    persons(
        "already_enrolled",
        "Enrolled before their first course view; not entered (discovery only).",
        nullable=True,
    ),
    persons(
        "completed_required",
        "Entrants who completed every required lesson within the window (completion only); null where the"
        " catalogue requires none.",
        nullable=True,
    ),
    persons(
        "mature_completed_required",
        "Mature entrants who did; null like completed_required.",
        nullable=True,
    ),
    Column(
        "progress_sum",
        Double,
        comment="Sum of the entrants' shares of required lessons completed; null like completed_required.",
        info={ADDED_AS: "round(sum(progress_sum) * required_lessons) / required_lessons"},
    ),
    Column(
        "required_lessons",
        Integer,
        comment="Lessons that the catalogue requires; null like completed_required.",
        info={STATED: True},
    ),
    Column(
        "window_days", Integer, comment="Days after entry within which a step counted.", info={STATED: True}
    ),
    as_of(),
    *provenance(),
    schema="analytics",
    comment="Funnels per course and cohort day; entered = converted + open + dropped.",
)

course_refund = Table(
    "course_refund",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True, comment="Surrogate."),
    Column("course_id", Text, nullable=False, comment="Course."),
    Column("currency", Text, comment="Currency of the order; null where the purchase named none."),
    Column("cohort_day", Date, nullable=False, comment="Day of the order's earliest purchase."),
    Column(
        "last_lesson_idx",
        Integer,
        comment="Highest lesson with activity before the refund; null if none, and for orders not refunded.",
    ),
    count("orders", "Orders."),
    count("refunded_orders", "Those that were refunded, in full or in part."),
    count("mature_orders", "Orders older than the refund window at as-of."),
    count("mature_refunded_orders", "Mature orders that were refunded."),
    Column("gross", MONEY, nullable=False, comment="Sum of what was paid."),
    Column("refunded", MONEY, nullable=False, comment="Sum of what was given back, at most gross."),
    Column("net", MONEY, nullable=False, comment="Gross less refunded."),
    count("unknown_refunds", "Refunds of this day that name no order of the course; in quarantine."),
    Column(
        "approximate",
        Boolean,
        nullable=False,
        comment="True where the course sends no refunds and orders without an enrolment stand for them.",
        info={STATED: True},
    ),
    as_of(),
    *provenance(),
    UniqueConstraint(
        "course_id", "currency", "cohort_day", "last_lesson_idx", postgresql_nulls_not_distinct=True
    ),
    schema="analytics",
    comment="Orders and refunds per course, currency, day of purchase and lesson reached; sums add up.",
)

cohort_publication = Table(
    "cohort_publication",
    metadata,
    Column(
        "id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False, comment="Always 1."
    ),
    Column(
        "definition",
        Text,
        nullable=False,
        comment="Hash of the SQL, windows and required lessons it rests on.",
    ),
    Column("published_at", INSTANT, nullable=False, comment="When the cohort tables were published last."),
    Column("run_id", Text, nullable=False, comment="The run that did."),
    Column(
        "order_file",
        Text,
        comment="File of the lake with the orders of all learner days that were counted; null where none was"
        " written.",
    ),
    Column(
        "recent_order_file",
        Text,
        comment="The same of days that changed since that file was written; null where none did.",
    ),
    Column(
        "entry_file",
        Text,
        comment="File of the lake with what learners did first and last in all learner days that were"
        " counted; null where none was written.",
    ),
    Column(
        "recent_entry_file",
        Text,
        comment="The same of learners who came since that file was written; null where nobody did.",
    ),
    schema="analytics",
    comment="The last publication of the cohort tables, to tell why a number moved in the next one.",
)
