"""What may be asked of the running daemon, and who may ask."""
