"""Dictation: what is spoken becomes text where the user writes."""
