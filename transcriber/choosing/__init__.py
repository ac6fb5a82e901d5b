"""Which engine, device, Python and model a run takes, and what the user is told of it.

A new way to decode is offered here, and built in a room of its own.
"""
