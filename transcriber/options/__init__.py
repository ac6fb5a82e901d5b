"""The command line of a transcription, and the user's own defaults, turned into settings.

A new option begins in `groups` or `decoding`, and ends as a field of `transcriber.settings`.
"""
