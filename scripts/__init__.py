"""From a fresh clone to a transcript and to the tests: ``python3 -m scripts VERB``.

The verbs run before anything is installed, so they use the standard library only.
"""
