"""The write-only door: validation, group commit, the inbox."""
