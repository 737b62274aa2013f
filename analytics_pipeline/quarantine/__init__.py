"""Rejected events: looked at, put into the inbox again, or dropped."""
