"""The CUDA add-on: kernels of the selected operators for NVIDIA's GPUs, in one shared object."""
