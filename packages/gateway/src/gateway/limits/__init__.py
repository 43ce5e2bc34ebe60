"""Limits of load: rates of requests, concurrency, and memory."""
