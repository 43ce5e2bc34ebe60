"""The transactional outbox: events for other services, written with the change and relayed to a stream in Redis."""
