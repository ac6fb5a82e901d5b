"""What every way to get the program shares: the description, files with their digests, templates.

Nothing here knows a kind of package.
"""
