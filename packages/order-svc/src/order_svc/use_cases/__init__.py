"""The use cases of the order service, one per file."""
