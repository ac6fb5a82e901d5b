"""The model store: which models there are, where they lie, how they are fetched and imported.

A new official model is a table in models.toml.
"""
