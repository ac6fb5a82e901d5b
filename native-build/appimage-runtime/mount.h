// Makes the kernel show a folder whose content we give, with or without the help of fusermount.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct mount {
    char *folder;
    int descriptor;         // of the connection to the kernel, for `serve`
    const char *fusermount; // the program that mounted it and that must unmount it, or NULL
};

// False where it cannot be done here; nothing is left behind then.
bool mount_make(struct mount *mount, const char *name);

// Takes it out of the tree of folders; who has a file of it open can go on reading. Returns the
// process that does so, or 0 when it is done. It may ask the file system, so the caller must go on
// serving.
pid_t mount_detach(const struct mount *mount);
