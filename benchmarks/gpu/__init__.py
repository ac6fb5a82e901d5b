"""What needs a GPU: one command that builds nothing, for a machine that has one."""
