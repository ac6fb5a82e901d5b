"""The fused engine: Whisper on a processor, in the few large operators of our own PyTorch.

What can be said in Python stands here; the kernels are in torch-build/operators.
"""
