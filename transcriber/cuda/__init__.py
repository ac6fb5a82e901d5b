"""The CUDA add-on: which one belongs to this program, where it is, how it gets here."""
