"""`make soak`: the whole daemon for hours, and what grows, drops or goes missing."""
