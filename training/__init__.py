"""Trainings of the networks that the package ships; not installed with it."""
