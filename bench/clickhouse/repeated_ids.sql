SELECT count() - uniqExact(event_id) AS repeated FROM event
