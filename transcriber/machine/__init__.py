"""What the machine has: processor, memory, GPU, libraries; and what is chosen from it."""
