"""What can be asked of the order service, one file each."""
