"""A simulated course platform on the whole system, to look at and to try things on."""
