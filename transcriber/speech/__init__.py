"""Where in a recording somebody speaks, and where it is cut into windows.

The detector's output is held to Silero's own, frame by frame; the cuts may change.
"""
