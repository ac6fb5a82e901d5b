#include "options.h"

#include "daemon.h"
#include "extract.h"
#include "integrity.h"
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "--appimage-"

static const char help[] =
    "Options of the AppImage itself; all others are for the program in it:\n"
    "\n"
    "  --appimage-extract [PATTERN]  write its files, or those that match, to squashfs-root\n"
    "  --appimage-extract-and-run    run from a folder in the cache instead of mounting\n"
    "  --appimage-help               print this text\n"
    "  --appimage-mount              mount it, print where, and wait for Ctrl-C\n"
    "  --appimage-offset             print where the file system begins in this file\n"
    "  --appimage-portable-home      make a folder beside it that serves as HOME\n"
    "  --appimage-portable-config    make a folder beside it that serves as XDG_CONFIG_HOME\n"
    "  --appimage-signature          print the signature that is in it\n"
    "  --appimage-updateinformation  print where newer versions are found\n"
    "  --appimage-version            print the version of this runtime\n"
    "\n"
    "APPIMAGE_EXTRACT_AND_RUN=1 is the same as --appimage-extract-and-run. What is extracted to\n"
    "run stays in $XDG_CACHE_HOME or ~/.cache (" CACHE_NAME "/appimage) for the next start.\n"
    "TARGET_APPIMAGE=PATH has this runtime run the AppImage at PATH.\n"
    "\n"
    "Exit codes of the AppImage itself: 2 unknown option, 7 cannot write, 8 damaged.\n";

static void print_section(const struct image *image, const char *name)
{
    size_t size;
    char *content = (char *)read_section(image, name, &size);
    if (!content)
        fail(EXIT_DEPENDENCY, "%s has no section %s", image->path, name);
    puts(content);
    free(content);
}

static void make_portable(const struct image *image, const char *ending)
{
    char *folder = text("%s%s", image->path, ending);
    if (mkdir(folder, 0700) && errno != EEXIST)
        fail(EXIT_STORAGE, "cannot make the folder %s: %s", folder, strerror(errno));
    printf("%s\n", folder);
    free(folder);
}

static struct squashfs opened(const struct image *image)
{
    struct squashfs files;
    if (squashfs_open(&files, image->descriptor, image->offset, image->size))
        fail(EXIT_DEPENDENCY, "%s is damaged: download it again", image->path);
    return files;
}

static void extract_here(const struct image *image, int count, char *const words[])
{
    if (count > 1)
        fail(EXIT_USAGE, "one pattern is taken, not also %s", words[1]);
    const char *pattern = count ? words[0] : NULL;
    struct squashfs files = opened(image);
    if (!is_intact(image))
        fail(EXIT_DEPENDENCY, "%s is damaged: download it again", image->path);
    if (mkdir("squashfs-root", 0755) && errno != EEXIST)
        fail(EXIT_STORAGE, "cannot make the folder squashfs-root: %s", strerror(errno));
    // Who prepared it could have put links to other places there.
    int folder = open("squashfs-root", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    if (folder < 0 || fstat(folder, &status) || status.st_uid != geteuid())
        fail(EXIT_STORAGE, "squashfs-root is no folder of yours: delete it, or go elsewhere");
    int error = -extract(&files, folder, pattern, true);
    if (error == ENODATA)
        fail(EXIT_USAGE, "nothing in it matches %s: see --appimage-help", pattern);
    if (error == EIO)
        fail(EXIT_DEPENDENCY, "%s is damaged: download it again", image->path);
    if (error)
        fail(EXIT_STORAGE, "cannot write to squashfs-root: %s", strerror(error));
}

static void wait_for_end(int signal)
{
    (void)signal; // sigsuspend() returns
}

static void mount_and_wait(const struct image *image)
{
    struct squashfs files = opened(image);
    char *folder = mounted_folder(&files, strrchr(image->path, '/') + 1);
    if (!folder)
        fail(EXIT_DEPENDENCY, "cannot be mounted here: install fuse3, or use --appimage-extract");
    // Before the line is out that a caller waits for, who may then end us at once.
    struct sigaction action = {.sa_handler = wait_for_end};
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t awaited, before;
    sigemptyset(&awaited);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; ++i) {
        sigaction(signals[i], &action, NULL);
        sigaddset(&awaited, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &awaited, &before);
    printf("%s\n", folder);
    fflush(stdout);
    sigsuspend(&before);
}

bool is_runtime_option(const char *argument)
{
    return !strncmp(argument, PREFIX, strlen(PREFIX));
}

_Noreturn void run_option(const struct image *image, int count, char *const arguments[])
{
    const char *option = arguments[1] + strlen(PREFIX);
    if (!strcmp(option, "help"))
        fputs(help, stdout);
    else if (!strcmp(option, "version"))
        puts("AppImage runtime " RUNTIME_VERSION " (type 2)");
    else if (!strcmp(option, "offset"))
        printf("%" PRIu64 "\n", image->offset);
    else if (!strcmp(option, "updateinformation") || !strcmp(option, "updateinfo"))
        print_section(image, ".upd_info");
    else if (!strcmp(option, "signature"))
        print_section(image, ".sha256_sig");
    else if (!strcmp(option, "portable-home"))
        make_portable(image, ".home");
    else if (!strcmp(option, "portable-config"))
        make_portable(image, ".config");
    else if (!strcmp(option, "extract"))
        extract_here(image, count - 2, arguments + 2);
    else if (!strcmp(option, "mount"))
        mount_and_wait(image);
    else
        fail(EXIT_USAGE, "there is no option %s: see --appimage-help", arguments[1]);
    if (fflush(stdout) || ferror(stdout))
        fail(EXIT_STORAGE, "cannot write to standard output: %s", strerror(errno));
    exit(0);
}
