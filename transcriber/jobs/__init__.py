"""The queue: recordings that are to be transcribed, in which order, and what became of them.

A job outlives the program. Its record is in `store`, everything else in a folder of its own. What
is decoded, and how, is not decided here: a job carries options of the command line.
"""
