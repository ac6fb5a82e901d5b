"""The image for containers.

Its files come from the program and from the sysroot, and from nowhere else.
"""
