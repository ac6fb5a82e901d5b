#include "extract.h"

#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct destination {
    int folder;
    const char *pattern;
    bool tell;
    uint8_t *buffer;
    size_t capacity;
    bool *matched;
};

// A link to a folder, which an earlier extraction cannot have left, is none.
static int make_folder(int folder, const char *path)
{
    struct stat status;
    if (!mkdirat(folder, path, 0755))
        return 0;
    if (errno != EEXIST || fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW))
        return -errno;
    return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

static int make_folders(int folder, const char *path)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        int result = make_folder(folder, part);
        if (result)
            return result;
    }
    return 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

static int write_at(int file, const uint8_t *bytes, size_t size, uint64_t position)
{
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(file, bytes + done, size - done, (off_t)(position + done));
        if (written < 0 && errno != EINTR)
            return -errno;
        done += written > 0 ? written : 0;
    }
    return 0;
}

static int write_file(const struct destination *to, struct squashfs *image, const char *path,
                      const struct inode *inode)
{
    int file = openat(to->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return -errno;
    // The file has its size at once, and zeros that are not written take no room: a damaged size
    // cannot fill the disk.
    int result = ftruncate(file, (off_t)inode->size) ? -errno : 0;
    for (uint64_t position = 0; !result && position < inode->size;) {
        ssize_t size = squashfs_read(image, inode, position, to->buffer, to->capacity);
        result = size < 0 ? (int)size : size ? 0 : -EIO;
        if (!result && !is_zero(to->buffer, size))
            result = write_at(file, to->buffer, size, position);
        position += size > 0 ? size : 0;
    }
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = inode->time}};
    if (!result && (fchmod(file, inode->mode & 0777) || futimens(file, times)))
        result = -errno;
    // Some file systems tell only now that the disk is full.
    if (close(file) && !result)
        result = -errno;
    return result;
}

static int write_entry(void *context, struct squashfs *image, const char *path,
                       const struct inode *inode)
{
    const struct destination *to = context;
    if (to->pattern) {
        if (fnmatch(to->pattern, path, FNM_PATHNAME | FNM_LEADING_DIR))
            return 0;
        int result = make_folders(to->folder, path);
        if (result)
            return result;
    }
    *to->matched = true;
    if (to->tell)
        printf("squashfs-root/%s\n", path);
    if (S_ISDIR(inode->mode))
        // Whatever the image says, we must be able to fill it, and later to delete it.
        return make_folder(to->folder, path);
    // Left by an extraction before this one.
    if (unlinkat(to->folder, path, 0) && errno != ENOENT)
        return -errno;
    if (S_ISLNK(inode->mode)) {
        char target[PATH_MAX + 1];
        int result = squashfs_link(image, inode, target);
        if (result)
            return result;
        return symlinkat(target, to->folder, path) ? -errno : 0;
    }
    return write_file(to, image, path, inode);
}

int extract(struct squashfs *image, int folder, const char *pattern, bool tell)
{
    bool matched = false;
    struct destination to = {
        folder, pattern, tell, malloc(image->block_size), image->block_size, &matched};
    if (!to.buffer)
        return -ENOMEM;
    // The modes are those of the image, not what the user's mask makes of them.
    mode_t mask = umask(0);
    int result = walk(image, write_entry, &to);
    umask(mask);
    free(to.buffer);
    return !result && pattern && !matched ? -ENODATA : result;
}

static int synchronize_entry(void *context, struct squashfs *image, const char *path,
                             const struct inode *inode)
{
    (void)image;
    if (!S_ISLNK(inode->mode)) {
        int file = openat(*(int *)context, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (file >= 0) {
            fsync(file);
            close(file);
        }
    }
    return 0;
}

void synchronize(struct squashfs *image, int folder)
{
    walk(image, synchronize_entry, &folder);
    fsync(folder);
}

static int compare_entry(void *context, struct squashfs *image, const char *path,
                         const struct inode *inode)
{
    enum { DIFFERENT = 1 };
    int folder = *(int *)context;
    struct stat found;
    if (fstatat(folder, path, &found, AT_SYMLINK_NOFOLLOW) ||
        (found.st_mode & S_IFMT) != (inode->mode & S_IFMT) || found.st_uid != geteuid())
        return DIFFERENT;
    if (S_ISDIR(inode->mode))
        // Nobody else may have put anything there.
        return found.st_mode & 0022 ? DIFFERENT : 0;
    if (S_ISLNK(inode->mode)) {
        char target[PATH_MAX + 1], there[PATH_MAX + 1];
        ssize_t length = readlinkat(folder, path, there, sizeof there);
        return squashfs_link(image, inode, target) || length != (ssize_t)inode->size ||
               memcmp(target, there, length);
    }
    return (uint64_t)found.st_size != inode->size || found.st_mtim.tv_sec != inode->time ||
           found.st_mtim.tv_nsec || (found.st_mode & 0777) != (inode->mode & 0777);
}

bool is_whole(struct squashfs *image, int folder)
{
    return !walk(image, compare_entry, &folder);
}

void remove_tree(int parent, const char *name)
{
    if (!unlinkat(parent, name, 0) || errno == ENOENT)
        return;
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);
    if (entries) {
        for (struct dirent *entry; (entry = readdir(entries));)
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                remove_tree(folder, entry->d_name);
        closedir(entries);
    }
    unlinkat(parent, name, AT_REMOVEDIR);
}
