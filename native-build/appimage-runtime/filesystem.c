#include "filesystem.h"

#include <errno.h>
#include <limits.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    // The kernel asks for 8192 at least; nobody writes, so no request is longer.
    REQUEST_BYTES = 1 << 16,
    // The most that the kernel reads at once.
    READ_PAGES = 256,
    READ_BYTES = READ_PAGES * 4096,
    // Seconds for which the kernel may keep what it was told: the image never changes.
    KEPT = 1 << 30,
    // Milliseconds between looks at the child that unmounts.
    LOOK_AGAIN = 200,
    // Milliseconds without a question after which the program runs and reads its files no more.
    QUIET = 2000,
};

struct session {
    struct squashfs *image;
    int descriptor;
    uint8_t *answer; // READ_BYTES long
    uint32_t agreed; // what the kernel and we can both do
};

// The kernel calls the top folder 1. Others are called by their reference, which may be small.
static uint64_t node_of(const struct squashfs *image, uint64_t reference)
{
    return reference == image->root ? FUSE_ROOT_ID : reference + 2;
}

static uint64_t reference_of(const struct squashfs *image, uint64_t node)
{
    return node == FUSE_ROOT_ID ? image->root : node - 2;
}

static void reply(const struct session *session, const struct fuse_in_header *request, int error,
                  const void *bytes, size_t size)
{
    struct fuse_out_header head = {
        .len = sizeof head + size, .error = error, .unique = request->unique};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)bytes, size}};
    // It fails only where the one who asked has gone.
    if (writev(session->descriptor, parts, size ? 2 : 1) < 0)
        return;
}

static struct fuse_attr attributes(const struct inode *inode)
{
    return (struct fuse_attr){
        .ino = inode->number,
        .size = inode->size,
        .blocks = (inode->size + 511) / 512,
        .atime = inode->time,
        .mtime = inode->time,
        .ctime = inode->time,
        .mode = inode->mode,
        .nlink = inode->links,
        // Nobody but the user who mounted it sees it.
        .uid = geteuid(),
        .gid = getegid(),
        .blksize = 4096,
    };
}

static void initialize(struct session *session, const struct fuse_in_header *request,
                       const struct fuse_init_in *in)
{
    uint32_t wanted = FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_CACHE_SYMLINKS |
                      FUSE_MAX_PAGES | FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT;
    struct fuse_init_out out = {
        .major = FUSE_KERNEL_VERSION,
        .minor = FUSE_KERNEL_MINOR_VERSION,
        .max_readahead = in->max_readahead,
        .flags = in->flags & wanted,
        .max_background = 16,
        .congestion_threshold = 12,
        .max_write = 4096,
        .time_gran = 1000000000,
        .max_pages = READ_PAGES,
    };
    session->agreed = out.flags;
    if (in->major != FUSE_KERNEL_VERSION) {
        // A newer kernel asks again in the version that we name.
        reply(session, request, in->major < FUSE_KERNEL_VERSION ? -EPROTO : 0, &out,
              in->major < FUSE_KERNEL_VERSION ? 0 : sizeof out);
        return;
    }
    // Kernels before 3.15 know a shorter answer.
    reply(session, request, 0, &out, in->minor < 23 ? FUSE_COMPAT_22_INIT_OUT_SIZE : sizeof out);
}

static void look_up(const struct session *session, const struct fuse_in_header *request,
                    const struct inode *folder, const char *name)
{
    struct entry entry;
    struct inode inode;
    struct fuse_entry_out out = {.entry_valid = KEPT, .attr_valid = KEPT};
    int result = squashfs_find(session->image, folder, name, &entry);
    if (!result)
        result = squashfs_inode(session->image, entry.reference, &inode);
    if (!result) {
        out.nodeid = node_of(session->image, entry.reference);
        out.attr = attributes(&inode);
    }
    // Node 0 says that there is no such file, and that the kernel may remember it.
    reply(session, request, result == -ENOENT ? 0 : result, &out,
          result && result != -ENOENT ? 0 : sizeof out);
}

static void read_folder(const struct session *session, const struct fuse_in_header *request,
                        const struct inode *folder, const struct fuse_read_in *in)
{
    struct listing listing;
    struct entry entry;
    size_t used = 0, room = in->size < READ_BYTES ? in->size : READ_BYTES;
    int result = squashfs_list(session->image, folder, &listing);
    for (uint64_t index = 0; !result; ++index) {
        if (index < 2) {
            entry = (struct entry){.number = folder->number, .type = S_IFDIR};
            strcpy(entry.name, index ? ".." : ".");
        } else if ((result = squashfs_next(session->image, &listing, &entry)) != 1) {
            break;
        }
        result = 0;
        if (index < in->offset)
            continue;
        size_t length = strlen(entry.name);
        size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
        if (used + size > room)
            break;
        struct fuse_dirent head = {.ino = entry.number,
                                   .off = index + 1,
                                   .namelen = length,
                                   .type = entry.type >> 12};
        memset(session->answer + used, 0, size);
        memcpy(session->answer + used, &head, FUSE_NAME_OFFSET);
        memcpy(session->answer + used + FUSE_NAME_OFFSET, entry.name, length);
        used += size;
    }
    reply(session, request, result, session->answer, result ? 0 : used);
}

static void read_bytes(const struct session *session, const struct fuse_in_header *request,
                       const struct inode *inode, const struct fuse_read_in *in)
{
    size_t size = in->size < READ_BYTES ? in->size : READ_BYTES;
    ssize_t got = squashfs_read(session->image, inode, in->offset, session->answer, size);
    reply(session, request, got < 0 ? (int)got : 0, session->answer, got < 0 ? 0 : got);
}

static void answer(struct session *session, const struct fuse_in_header *request)
{
    const void *body = request + 1;
    struct inode inode;
    int result = 0;
    switch (request->opcode) {
    case FUSE_INIT:
        initialize(session, request, body);
        return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return; // nothing is remembered, nothing takes long, and no answer is expected
    case FUSE_DESTROY:
        reply(session, request, 0, NULL, 0);
        return;
    case FUSE_STATFS: {
        struct fuse_statfs_out out = {
            .st = {.blocks = (session->image->bytes + 4095) / 4096,
                   .files = session->image->inode_count,
                   .bsize = 4096,
                   .frsize = 4096,
                   .namelen = NAME_BYTES}};
        reply(session, request, 0, &out, sizeof out);
        return;
    }
    case FUSE_LOOKUP:
    case FUSE_GETATTR:
    case FUSE_READLINK:
    case FUSE_READ:
    case FUSE_READDIR:
        result = squashfs_inode(session->image, reference_of(session->image, request->nodeid),
                                &inode);
        break;
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
        struct fuse_open_out out = {.open_flags = FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR};
        bool is_known = session->agreed & (request->opcode == FUSE_OPEN ? FUSE_NO_OPEN_SUPPORT
                                                                        : FUSE_NO_OPENDIR_SUPPORT);
        // A kernel that can do without stops asking; for an older one that is a failure.
        reply(session, request, is_known ? -ENOSYS : 0, &out, is_known ? 0 : sizeof out);
        return;
    }
    default:
        // To ask for permission, too: the kernel then stops asking, and does it itself.
        result = -ENOSYS;
    }
    if (result) {
        reply(session, request, result, NULL, 0);
        return;
    }
    switch (request->opcode) {
    case FUSE_LOOKUP:
        look_up(session, request, &inode, body);
        return;
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr_valid = KEPT, .attr = attributes(&inode)};
        reply(session, request, 0, &out, sizeof out);
        return;
    }
    case FUSE_READLINK: {
        char target[PATH_MAX + 1];
        result = S_ISLNK(inode.mode) ? squashfs_link(session->image, &inode, target) : -EINVAL;
        reply(session, request, result, target, result ? 0 : inode.size);
        return;
    }
    case FUSE_READ:
        read_bytes(session, request, &inode, body);
        return;
    default:
        read_folder(session, request, &inode, body);
    }
}

void serve(struct squashfs *image, const struct mount *mount, int keep_alive)
{
    struct session session = {image, mount->descriptor, malloc(READ_BYTES), 0};
    uint64_t *request = malloc(REQUEST_BYTES);
    if (!session.answer || !request) {
        mount_detach(mount);
        return;
    }
    pid_t unmounting = 0;
    bool holds_blocks = true;
    for (;;) {
        struct pollfd watched[] = {{.fd = mount->descriptor, .events = POLLIN},
                                   {.fd = keep_alive, .events = POLLIN}};
        int ready = poll(watched, 2, unmounting ? LOOK_AGAIN : holds_blocks ? QUIET : -1);
        if (ready < 0 && errno != EINTR)
            return;
        if (!ready && holds_blocks)
            blocks_forget(&image->data);
        holds_blocks = ready;
        if (ready > 0 && watched[1].revents) {
            // poll() leaves out negative descriptors.
            keep_alive = -1;
            unmounting = mount_detach(mount);
        }
        int status;
        if (unmounting > 0 && waitpid(unmounting, &status, WNOHANG) == unmounting) {
            unmounting = 0;
            if (status) // nobody can unmount it any more, and nobody uses it
                return;
        }
        if (ready <= 0 || !watched[0].revents)
            continue;
        ssize_t size = read(mount->descriptor, request, REQUEST_BYTES);
        if (size < 0 && errno != EINTR && errno != EAGAIN && errno != ENOENT)
            return; // ENODEV: unmounted, and nobody has a file open any more
        if (size >= (ssize_t)sizeof(struct fuse_in_header))
            answer(&session, (const struct fuse_in_header *)request);
    }
}
