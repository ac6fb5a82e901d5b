"""Where the bytes of what is given away are, and what became of them."""
