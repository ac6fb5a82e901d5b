#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void fail(enum exit_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *line = NULL;
    if (vasprintf(&line, format, arguments) < 0)
        line = NULL;
    va_end(arguments);
    fprintf(stderr, "AppImage: %s\n", line ? line : "out of memory");
    exit(code);
}

char *text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *result = NULL;
    int length = vasprintf(&result, format, arguments);
    va_end(arguments);
    if (length < 0)
        fail(EXIT_STORAGE, "out of memory");
    return result;
}
