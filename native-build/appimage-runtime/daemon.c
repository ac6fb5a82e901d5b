#include "daemon.h"

#include "descriptor.h"
#include "filesystem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// Closes what the caller had open: a lock of his, or a pipe whose end somebody waits for, must not
// be held until the last file of the mount is closed.
static void close_others(int image, int connection, int keep_alive)
{
    enum { USUAL_LIMIT = 1024 };
    DIR *open_ones = opendir("/proc/self/fd");
    struct dirent *entry;
    for (int next = 3; open_ones ? (entry = readdir(open_ones)) != NULL : next < USUAL_LIMIT; ++next) {
        int number = open_ones ? atoi(entry->d_name) : next;
        if (number > 2 && number != image && number != connection && number != keep_alive &&
            !(open_ones && number == dirfd(open_ones)))
            close(number);
    }
    if (open_ones)
        closedir(open_ones);
}

_Noreturn static void be_daemon(struct squashfs *image, const struct mount *mount, int keep_alive)
{
    // A session of its own: Ctrl-C and the closing of the terminal are for the program, which may
    // need its files to end in order.
    setsid();
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    // Whoever reads the program's output must see its end when the program ends.
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int stream = 0; stream < 3; ++stream)
        dup2(nothing, stream);
    close_others(image->data.descriptor, mount->descriptor, keep_alive);
    // The folder that the program was started in may have to be unmounted meanwhile.
    if (chdir("/"))
        _exit(1);
    serve(image, mount, keep_alive);
    rmdir(mount->folder);
    _exit(0);
}

static char *mounted(struct squashfs *image, const char *name)
{
    struct mount mount;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return NULL;
    int read_end = moved_up(ends[0], true);
    // Inherited by the program and by its children, unless they close it.
    int write_end = moved_up(ends[1], false);
    if (!mount_make(&mount, name)) {
        close(read_end);
        close(write_end);
        return NULL;
    }
    // Twice, so that the program does not find a child that it does not know.
    pid_t child = fork();
    if (child == 0) {
        close(write_end);
        pid_t grandchild = fork();
        if (grandchild == 0)
            be_daemon(image, &mount, read_end);
        _exit(grandchild < 0);
    }
    int status = 1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    close(read_end);
    close(mount.descriptor);
    if (status) {
        mount_detach(&mount);
        rmdir(mount.folder);
        close(write_end);
        return NULL;
    }
    return mount.folder;
}

char *mounted_folder(struct squashfs *image, const char *name)
{
    // Whoever starts us may ignore it, and no child could be waited for. The program gets it back.
    struct sigaction usual = {.sa_handler = SIG_DFL}, given;
    sigaction(SIGCHLD, &usual, &given);
    char *folder = mounted(image, name);
    sigaction(SIGCHLD, &given, NULL);
    return folder;
}
