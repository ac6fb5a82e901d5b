"""Which recordings the command line means, and the names of their transcripts.

Another way to name recordings belongs here; reading them, in `audio`.
"""
