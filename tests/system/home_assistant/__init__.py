"""A real Home Assistant beside a real broker and the real daemon."""
