"""Rebuilding everything under another time zone."""
