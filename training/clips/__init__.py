"""Recordings: manifest, decoding, banks cached by content, shards for what memory does not hold."""
