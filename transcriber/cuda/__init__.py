"""The CUDA add-on: which one belongs to this program, where it is, how it gets here.

Nothing here computes: what runs on the GPU is PyTorch's, and built in torch-build/cuda.
"""
