"""What can be asked of the user service, one file each."""
