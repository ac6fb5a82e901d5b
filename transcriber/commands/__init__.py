"""The sub-commands ``models``, ``cuda``, ``doctor`` and ``verify``: options, and what is printed.

A new sub-command is a module here and a line in `table`; what it does belongs elsewhere.
"""
