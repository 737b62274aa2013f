"""The steps that find and count changes, as SQL over each other and the learner days."""

from importlib.resources import files


def read_step(name: str) -> str:
    """The SQL of the step `name`."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
