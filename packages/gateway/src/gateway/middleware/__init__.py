"""ASGI middleware, which wraps the response, a file each; app.py declares the order."""
