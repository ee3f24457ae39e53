"""The sound of alerts, kept on disk if the user wants it."""
