"""The process itself: its release, its environment, its memory allocator, and why it refuses to start."""
