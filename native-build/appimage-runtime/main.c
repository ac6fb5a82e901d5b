// The program at the head of an AppImage: makes the files behind it accessible, by mounting them
// or, where that is not possible, by extracting them once, and becomes the program in them.
#include "cache.h"
#include "daemon.h"
#include "environment.h"
#include "integrity.h"
#include "message.h"
#include "options.h"
#include "squashfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value && strcmp(value, "0");
}

// Becomes the program in `folder`; returns only where that fails, with the error.
static int start(const struct image *image, const char *folder, const char *name,
                 char *arguments[])
{
    char *program = text("%s/AppRun", folder);
    char *alone[] = {program, NULL};
    set_environment(image, folder, name);
    if (arguments[0])
        arguments[0] = program;
    execv(program, arguments[0] ? arguments : alone);
    int error = errno;
    free(program);
    return error;
}

int main(int count, char *arguments[])
{
    struct image image = open_image(getenv("TARGET_APPIMAGE"));
    bool extracts = is_set("APPIMAGE_EXTRACT_AND_RUN");
    char *name = count ? arguments[0] : image.path;
    if (count > 1 && !strcmp(arguments[1], "--appimage-extract-and-run")) {
        extracts = true;
        ++arguments;
        --count;
    } else if (count > 1 && is_runtime_option(arguments[1])) {
        run_option(&image, count, arguments);
    }

    struct squashfs files;
    if (squashfs_open(&files, image.descriptor, image.offset, image.size))
        fail(EXIT_DEPENDENCY, "%s is damaged: download it again", image.path);
    // For the start of another AppImage by this one it would be wrong.
    unsetenv("TARGET_APPIMAGE");
    // What was unpacked while the image was whole still serves; unpacking tells that it is not.
    extracts = extracts || !is_sound(&image);
    char *folder = extracts ? NULL : mounted_folder(&files, strrchr(image.path, '/') + 1);
    if (folder)
        // It comes back where programs may not be started from a mount of the user's.
        start(&image, folder, name, arguments);
    folder = cached_folder(&image, &files);
    int error = start(&image, folder, name, arguments);
    if (error == EACCES || error == EPERM)
        fail(EXIT_STORAGE, "cannot start %s/AppRun: %s: name another folder in XDG_CACHE_HOME",
             folder, strerror(error));
    fail(EXIT_DEPENDENCY, "cannot start %s/AppRun: %s", folder, strerror(error));
}
