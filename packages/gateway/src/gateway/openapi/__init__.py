"""The documentation that the contract makes of itself: /openapi.json and /docs."""
