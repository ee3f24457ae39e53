"""What a user may set: models, file, faults."""
