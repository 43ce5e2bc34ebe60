"""Metrics and log lines of a running platform."""
