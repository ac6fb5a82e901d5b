"""What ``doctor`` looks up, section by section.

A new line of its report is a function here that returns a `finding.Finding`.
"""
