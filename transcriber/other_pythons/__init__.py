"""The PyTorch of another Python of the machine: finding it, and decoding with it in a child.

What the child runs is sent to it: modules that `worker` imports keep to Python 3.8.
"""
