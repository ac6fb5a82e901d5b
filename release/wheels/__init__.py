"""The program as a wheel, and an index of wheels that is laid out as files.

No name in it may get into the public index.
"""
