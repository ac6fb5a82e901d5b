// Copies an image's files to a folder, and tells whether a folder still has them.
#pragma once

#include "squashfs.h"

#include <stdbool.h>

// Writes the files whose paths match the shell's `pattern` (all: NULL) below the open `folder`
// and prints each path where `tell` says so. 0, or a negative error number: ENODATA where none matches.
int extract(struct squashfs *image, int folder, const char *pattern, bool tell);

// Has everything written to the disk, so that a power failure cannot leave names without content.
void synchronize(struct squashfs *image, int folder);

// Whether the open `folder` has all files as `extract` wrote them and nobody touched them since.
// Their content is not read: whatever changes it changes the time or the size, too.
bool is_whole(struct squashfs *image, int folder);

// Deletes the file or folder `name` in the open `parent` with all that is in it.
void remove_tree(int parent, const char *name);
