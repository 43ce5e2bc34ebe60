"""From an HTTP request to a call of the contract, and from its answer to an HTTP response."""
