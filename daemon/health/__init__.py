"""How the daemon is, and whom it tells."""
