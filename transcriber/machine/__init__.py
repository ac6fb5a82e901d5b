"""What the machine has: processor, memory, GPU, libraries; and what follows from it for threads.

Only looking: what is chosen by it stands in `choosing`.
"""
