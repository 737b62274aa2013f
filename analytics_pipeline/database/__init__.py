"""The database: tables, migrations, roles, the turn, atomic publishing, the embedded server."""
