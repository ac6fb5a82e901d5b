"""What a transcription produces: segments, the journal that saves them, the output files.

A new output format is a writer in `writers`; the journal's form is read by later versions.
"""
