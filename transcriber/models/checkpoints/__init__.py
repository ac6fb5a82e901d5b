"""Readers of the checkpoint formats that Whisper models come in, and the writer of OpenAI's."""
