"""Fetching any published file, once and whole, whatever the network does.

It knows no models: what is fetched, and from where, callers say.
"""
