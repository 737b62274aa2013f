"""Keeps the services of one HOME running, and leaves none behind."""
