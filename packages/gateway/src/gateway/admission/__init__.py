"""Admission: steps that check a request before it is handled, a file each; app.py declares their order."""
