"""One module per row of the drill."""
