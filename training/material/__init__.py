"""More to learn from: a folder of recordings, enlarged by music and effects of Debian packages."""
