"""What PostgreSQL and Redis have in common: failures, timing and pools."""
