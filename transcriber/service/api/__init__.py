"""The interface of the page, and of programs with long recordings: jobs, transcripts, models."""
