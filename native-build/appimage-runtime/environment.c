#include "environment.h"

#include "message.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void set_portable(const char *variable, const char *path, const char *ending)
{
    struct stat status;
    char *folder = text("%s%s", path, ending);
    if (!stat(folder, &status) && S_ISDIR(status.st_mode))
        setenv(variable, folder, 1);
    free(folder);
}

void set_environment(const struct image *image, const char *folder, const char *name)
{
    setenv("APPIMAGE", image->path, 1);
    setenv("APPDIR", folder, 1);
    setenv("ARGV0", name, 1);
    char *here = getcwd(NULL, 0);
    if (here)
        setenv("OWD", here, 1);
    set_portable("HOME", image->path, ".home");
    set_portable("XDG_CONFIG_HOME", image->path, ".config");
}
