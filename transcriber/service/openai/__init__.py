"""OpenAI's interface for recordings, as its clients speak it. Keep to what they send and read."""
