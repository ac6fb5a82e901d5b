"""Sound that comes in as text: pieces cut where the speaker pauses, and what there is so far.

What is decoded is decoded by the engine of files; here lies only when, and of what.
"""
