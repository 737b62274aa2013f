"""Who may read: tokens, sessions, and what is done with those who hold neither."""
