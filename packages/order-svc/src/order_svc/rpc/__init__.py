"""The contract's order service on top of the use cases."""
