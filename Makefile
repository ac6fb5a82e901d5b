# The verbs of the repository. What they do is in scripts/; `make help` lists them.
# Settings such as AUDIO reach the scripts through the environment, whatever characters they have.

PYTHON ?= python3
export AUDIO MODEL ARGS EDITION UPDATE_ADDRESS SIGN_KEY MINISIGN_KEY CUDA_ADDRESS SUMS

VERBS = help setup torch native appimages verify-release cuda addon trace modules try transcribe test bench bench-quick bench-accept bench-ratchet check-pins clean

.PHONY: all $(VERBS)

all: appimages

$(VERBS):
	@$(PYTHON) -m scripts $@
