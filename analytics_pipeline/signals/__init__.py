"""Rules that say which lesson or course needs a person's attention, and their life."""
