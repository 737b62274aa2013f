"""What is let go after its time: raw days, learner days, quarantine, revisions."""
