"""Whether a file is what was published: signatures, and the digests that they are of."""
