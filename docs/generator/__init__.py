"""Writes the reference and the contents from the code: `python -m docs.generator`."""
