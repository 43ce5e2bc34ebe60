"""The contract's services on top of the use cases."""
