"""Reading the published tables and putting the answers together."""
