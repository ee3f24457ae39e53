"""What taught sounds need of recordings: a background, and figures of what they are worth."""
