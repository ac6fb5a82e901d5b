"""Windows decoded side by side by PyTorch's own operators: on a GPU, or with another PyTorch.

Other Pythons run these modules, too: they keep to what Python 3.8 and PyTorch 1.13 know, and to
the operators that the CUDA add-on has.
"""
