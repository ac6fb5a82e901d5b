"""Transcripts in the formats of other programs: subtitles, lyrics, documents, tables.

A format may change as long as what reads it shows the text as it was said. A new one is a module
with a `content`, a row in `formats`, and a name in `transcriber.settings.EXPORT_FORMATS`.
openai-whisper's own formats are written by `transcriber.transcript.writers`, to the byte.
"""
