"""The process that decodes for a queue: what it is told, what it tells, and how it is kept.

It holds the model, so the process with the queue stays small, and survives whatever happens to a
decoder. What goes between the two is in `messages`; both sides may change together.
"""
