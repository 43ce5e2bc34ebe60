"""The request that the current task works on: its context, caller, deadline and errors."""
