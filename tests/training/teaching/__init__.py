"""Backgrounds, and figures of teaching."""
