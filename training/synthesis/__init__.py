"""Sounds made by our own numpy code: alarms, glass, household noises, rooms, whole scenes."""
