"""Tests of the page of ``transcriber ui``."""
