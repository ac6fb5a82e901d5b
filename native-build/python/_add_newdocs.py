"""Stands in for numpy's documentation of its functions in C, which the program never reads.

numpy imports the module for what it does to those functions, and has nothing else in it.
"""
