#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int moved_up(int descriptor, bool close_on_exec)
{
    if (descriptor < 0)
        return descriptor;
    int moved = fcntl(descriptor, close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, 10);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return moved;
}
