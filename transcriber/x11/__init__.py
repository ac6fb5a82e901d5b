"""A small client of the X Window System: the clipboard, a global key, and pressing keys.

It speaks the protocol itself, over the server's socket, for it needs fourteen requests of it.
python-xlib would add 80 kB to the program, and libX11 by ctypes takes as many structures as there
are messages here, and ends the process at an error that it was not told to bear.
"""
