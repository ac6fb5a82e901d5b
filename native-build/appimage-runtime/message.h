// What the runtime itself has to say, and with which code it ends then.
#pragma once

// The codes are those of the program for the same kinds of failure, so that a script need not
// tell the two apart.
enum exit_code {
    EXIT_USAGE = 2,
    EXIT_STORAGE = 7,
    EXIT_DEPENDENCY = 8,
};

// Prints one line and ends the process.
_Noreturn void fail(enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The text in memory of its own; ends the process where there is no memory.
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
