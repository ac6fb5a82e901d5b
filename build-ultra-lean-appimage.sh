#!/bin/sh
# Builds dist/transcriber-ultra-lean-x86_64.AppImage, and all that it is made of.
cd "$(dirname "$0")" && exec ${PYTHON:-python3} -m scripts appimages EDITION=ultra-lean "$@"
