// The end of every message about something that this build of PyTorch does not have.
#pragma once

#define HOW_TO_ADD                                                                           \
  " is not in this build of PyTorch, which holds only what Whisper uses: if a program needs " \
  "it, add the call to the traced cases, then run \"make trace\" and \"make torch\""
