"""What any build needs: sources by their digests, a tool chain, archives that are always the same.

Nothing here knows what is built. The set-up uses it before anything is installed, so it needs
Python's standard library only.
"""
