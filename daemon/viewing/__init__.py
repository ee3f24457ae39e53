"""The daemon's side of the local page: what it may see and ask."""
