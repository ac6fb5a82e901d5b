"""Whether a file is what was published: signatures, and the digests that they are of.

Nothing here may trust its input; a change needs the test vectors of both formats.
"""
