"""Learner analytics: events in at an HTTP door, daily numbers out. This package knows nothing of Dagster."""
