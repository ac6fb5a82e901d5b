# The verbs of the repository. What they do is in scripts/; `make help` lists them.
# AUDIO, MODEL and ARGS reach the scripts through the environment, whatever characters they have.

PYTHON ?= python3
export AUDIO MODEL ARGS

.PHONY: help setup torch native trace modules try transcribe test clean

help setup torch native trace modules try transcribe test clean:
	@$(PYTHON) -m scripts $@
