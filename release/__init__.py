"""Every way to get the program: packages, images, indexes, and what is said of a release.

What is made here comes out of what ``make appimages`` left in ``dist/``; nothing is compiled. Each
stage is a function from files to files and gives the same bytes for the same files.
"""
