"""What Prometheus reads of the pipeline: asked of the database at each scrape, so that no count gets lost."""
