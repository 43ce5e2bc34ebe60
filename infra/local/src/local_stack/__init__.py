"""The embedded local stack behind `just up`: the whole platform as plain processes on this machine."""
