"""What an order is, what may happen to it, and what it needs from outside; the standard library only."""
