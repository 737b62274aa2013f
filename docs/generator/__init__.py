"""Writes docs/reference and the contents from the code, so that they cannot say anything else: `python -m docs.generator`."""
