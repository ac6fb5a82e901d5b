"""The program as an archive, and as a snap.

The recipes are made of the digest of the archive.
"""
