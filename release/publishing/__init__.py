"""The steps of a release: the version, all packages, what is said about them, the tag.

Nothing here leaves the machine.
"""
