"""What makes the native program: from Python packages to one file that people download."""
