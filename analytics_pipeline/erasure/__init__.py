"""Erasing a learner: tombstones, the erasure itself, its receipt."""
