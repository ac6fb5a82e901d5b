// Descriptors that cannot be mistaken for standard input, output or error.
#pragma once

#include <stdbool.h>

// Moves a descriptor above the first ten and closes the old one. A caller that starts us with
// standard output closed would otherwise get our file in its place. Passes failures (-1) on.
int moved_up(int descriptor, bool close_on_exec);
