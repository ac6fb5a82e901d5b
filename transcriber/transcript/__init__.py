"""What a transcription produces: segments, the journal that saves them, openai-whisper's formats.

The journal's form is read by later versions. A new format is a module of `transcriber.exporting`.
"""
