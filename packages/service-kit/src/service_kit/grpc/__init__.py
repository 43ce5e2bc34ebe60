"""gRPC between the services of the platform: server, client, metadata, and errors."""
