"""What assets are given: database, lake, engine, turn."""
