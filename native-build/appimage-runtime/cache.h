// Where the files of an AppImage lie that cannot be mounted: extracted once, found again later.
#pragma once

#include "image.h"
#include "squashfs.h"

// The folder with the files of `image`. Ends the process with one line where no place can have
// them. Any number of processes may call it at once.
char *cached_folder(const struct image *image, struct squashfs *files);
