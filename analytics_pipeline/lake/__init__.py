"""The lake: its catalogue, its files, sealing, learner days."""
