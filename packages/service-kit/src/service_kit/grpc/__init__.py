"""Calls between our processes: server, client, what travels with a call, and how errors cross over."""
