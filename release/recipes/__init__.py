"""Recipes of other package managers, and ``install.sh``: text with a digest and an address.

A value gets into a recipe only if its language cannot take it for its own.
"""
