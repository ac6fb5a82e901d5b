"""Build a PyTorch that holds only what Whisper uses."""
