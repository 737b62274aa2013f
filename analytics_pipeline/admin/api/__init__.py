"""The routes of the admin API, their parameters and how they answer."""
