"""The optional course catalogue: titles, required lessons and funnel windows; the platform is only read."""
