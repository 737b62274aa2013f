"""Charts as Vega-Lite specifications: pure functions from answers and a width in pixels."""
