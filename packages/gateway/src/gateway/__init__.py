"""The REST gateway: one annotated proto method is one endpoint."""
