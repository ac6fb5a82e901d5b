"""The command line of a transcription, and the user's own defaults, turned into settings.

A new option begins in a group of `decoding`, `groups` or `machine`, and ends as a field of
`transcriber.settings`.
"""
