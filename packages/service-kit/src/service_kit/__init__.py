"""What must behave identically in every process."""
