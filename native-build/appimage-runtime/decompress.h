// The two compressions that our images are made with, by their numbers in a squashfs superblock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum compression {
    COMPRESSION_XZ = 4,
    COMPRESSION_ZSTD = 6,
};

bool can_decompress(int compression);

// The number of bytes written to `plain`, or -1 where the bytes are damaged.
ssize_t decompress(enum compression compression, const void *packed, size_t packed_size,
                   void *plain, size_t capacity);
