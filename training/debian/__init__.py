"""Free sound from Debian's archive: packages that are learned from, and others that measure."""
