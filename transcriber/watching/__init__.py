"""Folders that are watched: what arrives whole in them is transcribed.

The process that watches is small. Another one decodes, holds the model, and ends when there is
nothing to do: so its memory is given back for certain, and what kills it ends one recording.
"""
