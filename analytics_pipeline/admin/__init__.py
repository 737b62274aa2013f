"""What people read: API, sign-in, dashboard."""
