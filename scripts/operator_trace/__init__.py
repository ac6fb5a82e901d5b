"""Which operators of PyTorch our program calls: ``python -m scripts.operator_trace``.

The cases know the program; what records them, `torch_build.trace`, knows PyTorch alone.
"""
