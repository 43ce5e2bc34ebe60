"""What a live platform tells of itself: metrics, and lines in the log."""
