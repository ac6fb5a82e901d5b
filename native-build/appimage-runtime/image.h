// The AppImage as a file: this ELF program and, behind it, the image of a file system.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image {
    char *path; // absolute, symbolic links resolved
    int descriptor;
    uint64_t offset; // where the image begins
    uint64_t size;   // up to the end of the file
};

// Opens the AppImage at `path`, or the one that this process was started from (NULL, or nothing).
// Ends the process where that is none.
struct image open_image(const char *path);

// The content of an ELF section, with a zero byte behind it that does not count; NULL where there
// is none.
uint8_t *read_section(const struct image *image, const char *name, size_t *size);
