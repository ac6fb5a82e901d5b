"""What a transcription produces: segments, the journal that saves them, the output files."""
