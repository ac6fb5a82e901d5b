# The verbs of the repository. What they do is in scripts/; `make help` lists them.
# Settings such as AUDIO reach the scripts through the environment, whatever characters they have.

PYTHON ?= python3
export AUDIO MODEL ARGS EDITION UPDATE_ADDRESS SIGN_KEY CUDA_ADDRESS

VERBS = help setup torch native appimages cuda addon trace modules try transcribe test bench bench-quick bench-accept bench-ratchet clean

.PHONY: all $(VERBS)

all: appimages

$(VERBS):
	@$(PYTHON) -m scripts $@
