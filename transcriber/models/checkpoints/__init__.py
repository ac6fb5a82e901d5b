"""Readers of the checkpoint formats that Whisper models come in, and the writer of OpenAI's.

A new format is a reader here; what it reads may come from strangers.
"""
