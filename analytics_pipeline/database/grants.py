"""What each role may do. Applied anew after every migration; the tests try everything else."""

import psycopg
from psycopg import sql

from analytics_pipeline.database.roles import MissingPrivilegeError
from analytics_pipeline.database.urls import Role

PUBLISHED = (
    "course",
    "course_lesson",
    "event_day",
    "lesson_daily",
    "lesson_week",
    "course_daily",
    "lesson_cohort",
    "quiz_cohort",
    "course_funnel",
    "course_refund",
    "course_week",
    "course_to_date",
    "course_window",
    "site_day",
    "signal",
    "signal_evaluation",
    "metric_revision",
    "publication_failure",
)

GRANTS = f"""
REVOKE ALL ON SCHEMA ingest, analytics, public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ingest, analytics
    FROM PUBLIC, analytics_ingest, analytics_pipeline, analytics_admin;
GRANT USAGE ON SCHEMA ingest TO analytics_ingest, analytics_pipeline;
GRANT USAGE ON SCHEMA analytics TO analytics_ingest, analytics_pipeline, analytics_admin;

GRANT INSERT ON ingest.inbox, ingest.quarantine TO analytics_ingest;
GRANT SELECT ON ingest.write_key, analytics.site TO analytics_ingest;

GRANT SELECT, DELETE ON ingest.inbox TO analytics_pipeline;
GRANT SELECT, INSERT, DELETE ON ingest.quarantine TO analytics_pipeline;
GRANT SELECT, INSERT, UPDATE ON ingest.write_key TO analytics_pipeline;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA analytics TO analytics_pipeline;
REVOKE INSERT, UPDATE, DELETE ON analytics.site, analytics.pipeline_state, analytics.alembic_version
    FROM analytics_pipeline;
REVOKE INSERT, DELETE ON analytics.turn FROM analytics_pipeline;

GRANT SELECT ON {", ".join("analytics." + table for table in PUBLISHED)},
    analytics.site, analytics.lake_day, analytics.admin_token, analytics.pipeline_state,
    analytics.job_run TO analytics_admin;
"""  # noqa: S608  # names of ours

OPEN_TO_ALL = """
    SELECT count(*) FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
    WHERE datname = current_database() AND grantee = 0
"""


def grant(connection: psycopg.Connection) -> None:
    """Give each role what it may do, and take away everything else. Idempotent."""
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    _refuse_an_open_database(connection)
    services = sql.SQL(", ").join([sql.Identifier(r) for r in (Role.INGEST, Role.PIPELINE, Role.ADMIN)])
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, services))
    # Publishing loads new rows into temporary tables.
    pipeline = sql.Identifier(Role.PIPELINE)
    connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, pipeline))
    connection.execute(GRANTS)


def _refuse_an_open_database(connection: psycopg.Connection) -> None:
    """PostgreSQL only warns when somebody revokes what is not his to revoke."""
    row = connection.execute(OPEN_TO_ALL).fetchone()
    if row is None or row[0] > 0:
        owner, name = connection.info.user, connection.info.dbname
        statement = sql.SQL("ALTER DATABASE {} OWNER TO {};").format(
            sql.Identifier(name), sql.Identifier(owner)
        )
        raise MissingPrivilegeError(
            f"the database {name} does not belong to {owner}, who therefore cannot close it to others. "
            f"Let a DBA run this, then migrate again:\n{statement.as_string(connection)}"
        )
