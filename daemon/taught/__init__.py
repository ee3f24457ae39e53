"""Sounds that were taught at home, and the requests that teach them."""
