"""The embedded local stack behind just up."""
