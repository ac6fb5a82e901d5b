// Answers the kernel's questions about the mounted image, in the protocol of linux/fuse.h.
#pragma once

#include "mount.h"
#include "squashfs.h"

// Serves until nobody uses the mount any more. It is detached as soon as every other end of the
// pipe `keep_alive` is closed.
void serve(struct squashfs *image, const struct mount *mount, int keep_alive);
