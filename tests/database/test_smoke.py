from tests.conftest import Database


def test_each_role_logs_in(database: Database) -> None:
    for role in ("owner", "ingest", "pipeline", "admin", "dagster"):
        with database.connect(role) as connection:
            row = connection.execute("SELECT current_user").fetchone()
            assert row is not None
            assert row[0].startswith("analytics")


def test_twice(database: Database) -> None:
    with database.connect("pipeline") as connection:
        connection.execute("CREATE TEMP TABLE t (a int)")
