"""Measure starts, parts, whole runs, counts and accuracy."""
