#include "mount.h"

#include "descriptor.h"
#include "message.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS_FORMAT "fd=%d,rootmode=40000,user_id=%u,group_id=%u"

// The beginning of the name, for df and mount to show and for the folder. A comma would begin
// another option of fusermount's, and half a letter would be no text any more.
static char *plain_name(const char *name)
{
    char *plain = text("%.20s", name);
    for (char *byte = plain; *byte; ++byte)
        if (!strchr("._-", *byte) && !isalnum((unsigned char)*byte))
            *byte = '_';
    return plain;
}

static int mount_directly(const char *folder, const char *name)
{
    int connection = moved_up(open("/dev/fuse", O_RDWR | O_CLOEXEC), true);
    if (connection < 0)
        return -1;
    char *options = text(OPTIONS_FORMAT, connection, (unsigned)geteuid(), (unsigned)getegid());
    int failed = mount(name, folder, "fuse.appimage", MS_RDONLY | MS_NOSUID | MS_NODEV, options);
    free(options);
    if (failed) {
        close(connection);
        return -1;
    }
    return connection;
}

// Receives the descriptor that fusermount sends.
static int received(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t size;
    while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    struct cmsghdr *head = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return -1;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
    return descriptor;
}

// What fusermount complains about is no failure of ours: there is another way.
static void silence(void)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int stream = 0; stream < 3; ++stream)
        dup2(nothing, stream);
    if (nothing > 2)
        close(nothing);
}

static int mount_with(const char *program, const char *folder, const char *name)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
        return -1;
    int ours = moved_up(sockets[0], true), theirs = moved_up(sockets[1], false);
    char *number = text("%d", theirs);
    char *options = text("ro,nosuid,nodev,subtype=appimage,fsname=%s", name);
    int connection = -1;
    pid_t child = fork();
    if (child == 0) {
        silence();
        setenv("_FUSE_COMMFD", number, 1);
        execlp(program, program, "-o", options, "--", folder, (char *)NULL);
        _exit(127);
    }
    close(theirs);
    if (child > 0) {
        connection = moved_up(received(ours), true);
        int status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ours);
    free(options);
    free(number);
    return connection;
}

// A folder that is mounted over; what it is in need not allow programs. NULL where there is none.
static char *make_folder(const char *name)
{
    const char *places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", getenv("XDG_RUNTIME_DIR")};
    for (size_t i = 0; i < sizeof places / sizeof *places; ++i) {
        if (!places[i] || places[i][0] != '/')
            continue;
        char *folder = text("%s/.mount_%sXXXXXX", places[i], name);
        if (mkdtemp(folder))
            return folder;
        free(folder);
    }
    return NULL;
}

bool mount_make(struct mount *mount, const char *name)
{
    static const char *const programs[] = {"fusermount3", "fusermount"};
    // fusermount opens it as the user, too.
    if (access("/dev/fuse", R_OK | W_OK))
        return false;
    char *plain = plain_name(name);
    mount->folder = make_folder(plain);
    mount->fusermount = NULL;
    mount->descriptor = mount->folder ? mount_directly(mount->folder, plain) : -1;
    size_t count = mount->folder ? sizeof programs / sizeof *programs : 0;
    for (size_t i = 0; i < count && mount->descriptor < 0; ++i) {
        mount->fusermount = programs[i];
        mount->descriptor = mount_with(programs[i], mount->folder, plain);
    }
    free(plain);
    if (mount->descriptor >= 0) {
        // A question may be taken back, because who asked it was killed, before it is read.
        fcntl(mount->descriptor, F_SETFL, O_NONBLOCK);
        return true;
    }
    if (mount->folder)
        rmdir(mount->folder);
    free(mount->folder);
    return false;
}

pid_t mount_detach(const struct mount *mount)
{
    if (!mount->fusermount) {
        umount2(mount->folder, MNT_DETACH);
        return 0;
    }
    pid_t child = fork();
    if (child == 0) {
        silence();
        execlp(mount->fusermount, mount->fusermount, "-u", "-z", "-q", "--", mount->folder,
               (char *)NULL);
        _exit(127);
    }
    return child;
}
