import pytest

from analytics_pipeline.ingest.keys import (
    WriteKey,
    WrongOriginError,
    create_key,
    hash_of,
    list_keys,
    origin_of,
    revoke_key,
)
from tests.conftest import Database


def test_only_the_hash_of_a_key_is_stored(database: Database) -> None:
    with database.connect("pipeline") as connection:
        key_id, key = create_key(connection, "website", ["https://learn.example.org/"], 50)
        assert len(key) >= 32
        row = connection.execute("SELECT write_key::text FROM ingest.write_key").fetchone()
        assert row is not None
        assert key not in row[0]
        assert hash_of(key) in row[0]
        [listed] = list_keys(connection)
    expected = WriteKey(key_id, "website", ["https://learn.example.org"], 50, listed.created_at, None)
    assert listed == expected


def test_a_key_is_revoked_once(database: Database) -> None:
    with database.connect("pipeline") as connection:
        key_id, _ = create_key(connection, "import")
        assert revoke_key(connection, key_id)
        assert not revoke_key(connection, key_id)
        assert not revoke_key(connection, "wk_unknown")
        assert list_keys(connection)[0].revoked_at is not None


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://learn.example.org", "https://learn.example.org"),
        (" HTTPS://Learn.Example.org/ ", "https://learn.example.org"),
        ("https://learn.example.org:443", "https://learn.example.org"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(text: str, origin: str) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    "text", ["", "*", "null", "learn.example.org", "ftp://a.org", "https://a.org/path", "https://*.a.org"]
)
def test_what_is_no_origin_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(WrongOriginError, match=r"is no web origin; write for example https://"):
        origin_of(text)
