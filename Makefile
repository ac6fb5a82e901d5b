# The verbs of the repository. What they do is in scripts/; `make help` lists them.
# Settings such as AUDIO reach the scripts through the environment, whatever characters they have.

PYTHON ?= python3
export AUDIO MODEL ARGS EDITION UPDATE_ADDRESS SIGN_KEY MINISIGN_KEY CUDA_ADDRESS SUMS VERSION DATE DRY_RUN

VERBS = help setup torch native appimages packages publish-tree release verify-release cuda addon trace modules try transcribe test bench bench-quick bench-accept bench-ratchet check-pins clean

.PHONY: all docs $(VERBS)

all: appimages

$(VERBS):
	@$(PYTHON) -m scripts $@

# The documentation, checked strictly, as a site. It needs nothing of the set-up but Python 3.11.
DOCS := build/docs

docs: $(DOCS)/environment/made
	@$(DOCS)/environment/bin/python -m mkdocs build --strict
	@echo "the site is $(DOCS)/site/index.html"

$(DOCS)/environment/made: requirements/docs.txt
	@$(PYTHON) -m venv --clear $(DOCS)/environment
	@$(DOCS)/environment/bin/python -m pip --disable-pip-version-check --no-input install --quiet \
		--no-deps --require-hashes --only-binary :all: -r requirements/docs.txt
	@touch $@
