"""The fused engine: Whisper on a processor, in the few large operators of our own PyTorch."""
