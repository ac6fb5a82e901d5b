// The process that serves a mount beside the program.
#pragma once

#include "squashfs.h"

// Mounts the image and starts that process. It ends, and the mount with it, when this process, the
// program that it becomes and all of that program's children have ended. NULL where mounting is
// not possible here, else the folder.
char *mounted_folder(struct squashfs *image, const char *name);
