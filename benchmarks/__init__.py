"""What speed and memory cost, as ratios measured in one run on one machine. Run by `just bench`."""
