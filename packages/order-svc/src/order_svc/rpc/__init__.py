"""The contract's order service: translates messages to use cases and back."""
