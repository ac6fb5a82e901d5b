// The options that belong to the AppImage and not to the program in it: --appimage-...
#pragma once

#include "image.h"

#include <stdbool.h>

// Whether `argument` is for the runtime.
bool is_runtime_option(const char *argument);

// Does what the option arguments[1] says and ends the process.
_Noreturn void run_option(const struct image *image, int count, char *const arguments[]);
