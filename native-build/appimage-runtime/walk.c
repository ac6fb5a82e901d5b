#include "walk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

// As deep as anything of ours; a damaged image could have a folder in itself.
enum { DEEPEST = 64 };

struct walk {
    struct squashfs *image;
    visit *visit;
    void *context;
    uint64_t folders; // seen so far
};

static int walk_folder(struct walk *walk, const struct inode *folder, const char *path, int depth)
{
    struct squashfs *image = walk->image;
    struct listing listing;
    struct entry entry;
    int result = squashfs_list(image, folder, &listing);
    if (!result && (depth > DEEPEST || ++walk->folders > image->inode_count))
        result = -EIO;
    while (!result && (result = squashfs_next(image, &listing, &entry)) == 1) {
        char below[PATH_MAX];
        struct inode inode;
        int length = snprintf(below, sizeof below, "%s%s%s", path, *path ? "/" : "", entry.name);
        if (length >= (int)sizeof below)
            return -ENAMETOOLONG;
        result = squashfs_inode(image, entry.reference, &inode);
        if (!result)
            result = walk->visit(walk->context, image, below, &inode);
        if (!result && S_ISDIR(inode.mode))
            result = walk_folder(walk, &inode, below, depth + 1);
    }
    return result;
}

int walk(struct squashfs *image, visit *visit, void *context)
{
    struct walk walk = {.image = image, .visit = visit, .context = context};
    struct inode root;
    int result = squashfs_inode(image, image->root, &root);
    return result ? result : walk_folder(&walk, &root, "", 0);
}
