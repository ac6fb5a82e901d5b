"""The page of ``transcriber ui``: static files that the service sends as they are.

What people see may be changed here, and in no other room: ``index.html``, ``style.css``,
``icons.svg``, the ES modules under ``js/`` and the texts under ``locales/``. There is no build
step. The page speaks to the program through ``/api`` only, names no host, and sets text through
``textContent`` only.
"""
