"""Sounds that a user has taught by a few recordings: no training, a prototype beside the model."""
