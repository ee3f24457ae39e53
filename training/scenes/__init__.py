"""Scenes to learn from: recorded and synthesised sounds mixed, with their truth, and distorted."""
