#include "cache.h"

#include "extract.h"
#include "integrity.h"
#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
    // As many hexadecimal digits of the digest as cannot meet by chance.
    NAME_DIGITS = 32,
    // Seconds after which the files of an AppImage that was not started since are deleted.
    UNUSED = 60 * 24 * 3600,
    USED_AGAIN = 24 * 3600,
};

// Errors of our own, beside the system's.
enum { NOT_OURS = 10001, FORBIDS_PROGRAMS, WRONG_DIGEST };

static const char *reason_of(int error)
{
    switch (error) {
    case NOT_OURS:
        return "it belongs to somebody else, or others may write to it";
    case FORBIDS_PROGRAMS:
        return "programs may not be started from there (noexec)";
    }
    return strerror(error);
}

// Whether nobody else can put another folder in the place of one of ours in it.
static bool keeps_names(const struct stat *status)
{
    // Root, who can do everything anyway, has no use for another user's home; sudo leaves it set.
    if (status->st_uid != geteuid() && status->st_uid != 0)
        return false;
    if (status->st_mode & S_ISVTX)
        return true;
    // Some systems give each user a group, and that group everything that is the user's.
    return !(status->st_mode & S_IWOTH) &&
           (!(status->st_mode & S_IWGRP) || status->st_gid == getegid());
}

// Makes what is missing of `path` below the first `made` bytes of it, which must be there. 0 or an
// error.
static int make_below(char *path, size_t made)
{
    for (char *slash = path + made; slash; slash = strchr(slash + 1, '/')) {
        if (slash == path)
            continue;
        *slash = '\0';
        struct stat status;
        int failed = slash > path + made && mkdir(path, 0700) && errno != EEXIST ? errno : 0;
        // No O_NOFOLLOW here: a user may have moved the cache to another disk.
        if (!failed && stat(path, &status))
            failed = errno;
        if (!failed && !keeps_names(&status))
            failed = NOT_OURS;
        *slash = '/';
        if (failed)
            return failed;
    }
    return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

// Opens the folder at `path` below the first `made` bytes of it; makes it where it is missing. It
// must be ours alone: what lies there is started. Returns a descriptor, or minus an error.
static int open_private(char *path, size_t made)
{
    int missing = make_below(path, made);
    if (missing)
        return -missing;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return errno == ELOOP || errno == ENOTDIR ? -NOT_OURS : -errno;
    struct stat status;
    struct statvfs system;
    int failed = 0;
    if (fstat(folder, &status) || fstatvfs(folder, &system))
        failed = errno;
    else if (status.st_uid != geteuid() || status.st_mode & 0022)
        failed = NOT_OURS;
    else if (system.f_flag & ST_NOEXEC)
        failed = FORBIDS_PROGRAMS;
    if (failed) {
        close(folder);
        return -failed;
    }
    return folder;
}

static bool has_whole(struct squashfs *files, int parent, const char *name)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool whole = folder >= 0 && is_whole(files, folder);
    if (folder >= 0)
        close(folder);
    return whole;
}

// Notes the start in the time of the lock, once a day, and tells when the last one was.
static void note_use(int parent, const char *lock)
{
    struct stat status;
    if (!fstatat(parent, lock, &status, AT_SYMLINK_NOFOLLOW) &&
        status.st_mtime + USED_AGAIN < time(NULL))
        utimensat(parent, lock, NULL, AT_SYMLINK_NOFOLLOW);
}

// Deletes everything in `parent` whose name begins with `name`, but for its lock.
static void remove_files_of(int parent, const char *name)
{
    int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));)
        if (!strncmp(entry->d_name, name, NAME_DIGITS) &&
            strcmp(entry->d_name + NAME_DIGITS, ".lock"))
            remove_tree(parent, entry->d_name);
    closedir(entries);
}

// Deletes the files of an AppImage that was not started for long, unless it is being unpacked now.
static void remove_unused(int parent, const char *lock_name)
{
    int lock = openat(parent, lock_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0)
        return;
    struct stat status;
    // The time only when nobody can change it any more.
    if (!flock(lock, LOCK_EX | LOCK_NB) && !fstat(lock, &status) &&
        status.st_mtime + UNUSED < time(NULL)) {
        remove_files_of(parent, lock_name);
        unlinkat(parent, lock_name, 0);
    }
    close(lock);
}

// Deletes what an interrupted extraction left of `name`, and the files of other AppImages that
// were not started for long. The caller holds the lock of `name`, and `name` itself is not whole.
static void tidy(int parent, const char *name)
{
    int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        const char *found = entry->d_name;
        bool is_own = !strncmp(found, name, NAME_DIGITS);
        bool is_lock = strlen(found) == NAME_DIGITS + 5 && !strcmp(found + NAME_DIGITS, ".lock");
        if (is_own && found[NAME_DIGITS] == '.' && !is_lock)
            remove_tree(parent, found);
        else if (!is_own && is_lock)
            remove_unused(parent, found);
    }
    closedir(entries);
}

// Extracts to `name` in the open `parent`; what is there is damaged and goes. 0 or an error.
static int extract_to(const struct image *image, struct squashfs *files, int parent,
                      const char *path, const char *name)
{
    uint8_t stored[DIGEST_BYTES];
    bool has_digest = stored_digest(image, stored);
    if (!is_intact(image))
        return WRONG_DIGEST;
    // Under a name that nobody else takes, even where the file system has no locks.
    char *incoming = text("%s/%s.XXXXXX", path, name);
    if (!mkdtemp(incoming))
        return errno;
    const char *incoming_name = incoming + strlen(path) + 1;
    int folder = openat(parent, incoming_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = folder < 0 ? errno : -extract(files, folder, NULL, false);
    // The failure of a disk looks the same, but is none where the image is known to be whole.
    if (failed == EIO && !has_digest)
        failed = WRONG_DIGEST;
    if (!failed)
        synchronize(files, folder);
    if (folder >= 0)
        close(folder);
    int refused = !failed && renameat(parent, incoming_name, parent, name) ? errno : 0;
    if (refused && !has_whole(files, parent, name)) {
        failed = refused;
        if (refused == EEXIST || refused == ENOTEMPTY || refused == ENOTDIR) {
            // Aside first: deleting takes time, in which another process could find half of it.
            char *old = text("%s.old-%d", name, (int)getpid());
            renameat(parent, name, parent, old);
            failed = renameat(parent, incoming_name, parent, name) ? errno : 0;
            remove_tree(parent, old);
            free(old);
        }
    }
    remove_tree(parent, incoming_name);
    fsync(parent);
    free(incoming);
    return failed;
}

// The files in the cache at `path`, of which the first `made` bytes must be there. NULL where that
// place will not do; `error` then says why.
static char *folder_at(const struct image *image, struct squashfs *files, char *path, size_t made,
                       const char *name, int *error)
{
    int parent = open_private(path, made);
    if (parent < 0) {
        *error = -parent;
        return NULL;
    }
    char *lock_name = text("%s.lock", name);
    *error = 0;
    // First, so that nobody deletes as unused what is started now.
    note_use(parent, lock_name);
    if (!has_whole(files, parent, name)) {
        int lock = openat(parent, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (lock < 0) {
            *error = errno;
        } else {
            int unlocked;
            while ((unlocked = flock(lock, LOCK_EX)) && errno == EINTR)
                ;
            if (!has_whole(files, parent, name)) {
                // Where the file system has no locks, several extract, and one of them wins: what
                // lies there may be another's.
                if (!unlocked)
                    tidy(parent, name);
                *error = extract_to(image, files, parent, path, name);
            }
            close(lock);
        }
    }
    free(lock_name);
    close(parent);
    return *error ? NULL : text("%s/%s", path, name);
}

char *cached_folder(const struct image *image, struct squashfs *files)
{
    uint8_t digest[DIGEST_BYTES];
    if (!stored_digest(image, digest) &&
        !digest_of(image->descriptor, image->offset, image->size, digest))
        fail(EXIT_DEPENDENCY, "cannot read %s", image->path);
    char name[NAME_DIGITS + 1];
    for (int i = 0; i < NAME_DIGITS / 2; ++i)
        snprintf(name + 2 * i, 3, "%02x", digest[i]);

    const char *chosen = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const char *temporary = getenv("TMPDIR");
    // A home that does not exist is not made; the specification of the first has it made.
    if (chosen && chosen[0] == '/')
        mkdir(chosen, 0700);
    struct {
        const char *base, *below;
        bool is_shared;
    } places[] = {
        {chosen, "/" CACHE_NAME "/appimage", false},
        {home, "/.cache/" CACHE_NAME "/appimage", false},
        {temporary, NULL, true},
        {"/var/tmp", NULL, true},
        {"/tmp", NULL, true},
    };
    char *first = NULL;
    int first_error = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
        // The specification of these variables has relative paths ignored.
        if (!places[i].base || places[i].base[0] != '/')
            continue;
        size_t made = strlen(places[i].base);
        char *path = places[i].is_shared
                         ? text("%s/" CACHE_NAME "-%u", places[i].base, (unsigned)geteuid())
                         : text("%s%s", places[i].base, places[i].below);
        int error;
        char *folder = folder_at(image, files, path, made, name, &error);
        if (folder)
            return folder;
        if (error == WRONG_DIGEST)
            fail(EXIT_DEPENDENCY, "%s is damaged: download it again", image->path);
        if (!first) {
            first = path;
            first_error = error;
        }
    }
    fail(EXIT_STORAGE,
         "its files cannot be unpacked to %s: %s: name a folder with %llu MB of room in "
         "XDG_CACHE_HOME",
         first, reason_of(first_error), (unsigned long long)(files->bytes >> 20) * 4 + 4);
}
