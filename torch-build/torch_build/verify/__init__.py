"""Compare the stripped PyTorch with the stock one, operator by operator and model by model.

Every comparison has two child processes: one in the environment of the stock build, which is the
reference, and one in the environment of the stripped build. A crash there is a failure with a
name, and neither build can be loaded by mistake in the place of the other.

``values`` says how arguments and results travel between them, ``arguments`` makes tensors of them,
``adapter`` calls an operator, ``worker`` is the child, ``children`` drives it. The cases come from
``inputs``, ``schemas``, ``makers`` and ``cases``, which need stock PyTorch for the operators'
schemas; ``comparison`` judges, and ``campaign`` goes through all operators. ``on_device`` does so
for those that run on a GPU, which ``half_precision`` and ``device_exceptions`` serve.
"""
