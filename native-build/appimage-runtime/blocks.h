// Blocks of a squashfs image, unpacked; the last used ones are kept.
#pragma once

#include "decompress.h"

#include <stdbool.h>
#include <stdint.h>

struct block {
    uint64_t position; // in the image
    uint64_t used;     // the higher, the later; zero when there is nothing in it
    size_t stored;     // bytes in the image
    size_t size;       // bytes when unpacked
    uint8_t *bytes;
};

struct blocks {
    int descriptor;
    uint64_t offset; // of the image in the file
    uint64_t end;    // of the image, counted from its beginning
    enum compression compression;
    size_t capacity; // bytes that a block has at most
    size_t count;    // blocks that are kept
    uint64_t clock;
    uint8_t *packed;
    struct block *kept;
};

// False where there is no memory.
bool blocks_make(struct blocks *blocks, size_t capacity, size_t count);

// Bytes of the image as they are; false where the image ends before.
bool blocks_raw(const struct blocks *blocks, uint64_t position, void *bytes, size_t size);

// The block at `position` where it is kept, else NULL.
const struct block *blocks_kept(struct blocks *blocks, uint64_t position);

// The block whose `stored` bytes are at `position`; NULL where it cannot be read. It holds until
// as many others were asked for as are kept.
const struct block *blocks_get(struct blocks *blocks, uint64_t position, size_t stored,
                               bool is_packed);

// Gives the memory of all kept blocks back. Those that were asked for hold no longer.
void blocks_forget(struct blocks *blocks);
