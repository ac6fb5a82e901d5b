"""Reading recordings of any kind through ffmpeg, under limits and with plain messages.

A format that is read wrongly is mended here; what may be opened, `sandbox` decides.
"""
