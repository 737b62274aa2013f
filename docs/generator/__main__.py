"""`python -m docs.generator` writes what the code says; with `--check` it names the pages that differ."""

import sys
from pathlib import Path

from docs.generator.pages import pages

DOCS = Path(__file__).parents[1]


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them; exit code 1 where a page differs from what the code says."""
    fresh = pages()
    stale = [name for name, text in fresh.items() if _standing(name) != text]
    if "--check" not in arguments:
        for name in stale:
            (DOCS / name).write_text(fresh[name], encoding="utf-8")
            sys.stdout.write(f"wrote docs/{name}\n")
        return 0
    for name in stale:
        sys.stderr.write(f"docs/{name} is stale; run `make docs`.\n")
    return 1 if stale else 0


def _standing(name: str) -> str | None:
    path = DOCS / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
