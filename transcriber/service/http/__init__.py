"""A small HTTP/1.1 server on threads, for one machine and a few people.

It knows no recordings and no models: what is answered, handlers say. The protocol is that of
kept libraries (h11, wsproto, python-multipart); what stands here is sockets, time and memory
limits, and who may ask.
"""
