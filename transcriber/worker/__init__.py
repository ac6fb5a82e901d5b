"""The processes that work for a service: what they are told, what they tell, how they are kept.

One decodes for the queue. It holds the model, so the process with the queue stays small, and
survives whatever happens to a decoder. What goes between the two is in `messages`; both sides may
change together. Another one hears speech in sound that comes in (`ears`, `hearing`).
"""
