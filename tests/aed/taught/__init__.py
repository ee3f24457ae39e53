"""Taught sounds: space, lessons, columns."""
