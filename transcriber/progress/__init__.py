"""How far a run is, and telling it: a bar for people, JSON lines for programs.

What is printed during a run changes here, and in no other room.
"""
