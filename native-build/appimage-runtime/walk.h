// Goes through all files of an image.
#pragma once

#include "squashfs.h"

// Called for each file, link and folder, a folder before what is in it; `path` is relative to the
// top and never empty. A result other than 0 ends the walk.
typedef int visit(void *context, struct squashfs *image, const char *path,
                  const struct inode *inode);

int walk(struct squashfs *image, visit *visit, void *context);
