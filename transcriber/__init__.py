"""Speech to text on Linux with OpenAI's Whisper, as one small program."""

__version__ = "0.1.0"
