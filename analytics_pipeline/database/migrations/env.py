"""How Alembic runs our migrations: one transaction each, on the connection it is given, waiting briefly."""

from alembic import context
from sqlalchemy import text

from analytics_pipeline.database.tables import metadata

connection = context.config.attributes["connection"]
# A migration that cannot have its lock at once gives up, so that services never queue up behind it.
connection.execute(text("SET lock_timeout = '5s'"))
connection.execute(text("CREATE SCHEMA IF NOT EXISTS analytics"))
connection.commit()
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table_schema="analytics",
    include_schemas=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
