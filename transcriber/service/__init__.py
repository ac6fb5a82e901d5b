"""The server: the interface of OpenAI, the interface of the page, and the page's files.

`http/` knows no recordings, `openai/` and `api/` no sockets. What is asked for becomes jobs of the
queue; nothing is decoded here.
"""
