"""What the machine has: processor, memory, GPU, libraries; and what follows from it for threads.

Only looking, but for `threads`, which chooses how many: all else is chosen in `choosing`.
"""
