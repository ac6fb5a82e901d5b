"""The system's own PyTorch: the Pythons that have one, and decoding in one of them."""
