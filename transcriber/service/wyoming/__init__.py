"""The protocol of Home Assistant's voice assistants, as far as it is about speech into text.

It has no keys: whoever reaches its port may ask. Keep to what its clients send and read.
"""
