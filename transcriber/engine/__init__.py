"""From log-mel windows to segments: the loop over a recording and the model that decodes it.

The text of a recording is decided here, and tests compare it with openai-whisper's: a change
of meaning needs a measured reason.
"""
