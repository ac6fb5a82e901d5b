#include "blocks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool blocks_make(struct blocks *blocks, size_t capacity, size_t count)
{
    blocks->capacity = capacity;
    blocks->count = count;
    blocks->clock = 0;
    blocks->packed = malloc(capacity);
    blocks->kept = calloc(count, sizeof *blocks->kept);
    return blocks->packed && blocks->kept;
}

bool blocks_raw(const struct blocks *blocks, uint64_t position, void *bytes, size_t size)
{
    if (position > blocks->end || size > blocks->end - position)
        return false;
    for (size_t held = 0; held < size;) {
        ssize_t got = pread(blocks->descriptor, (uint8_t *)bytes + held, size - held,
                            blocks->offset + position + held);
        if (got <= 0)
            return false;
        held += got;
    }
    return true;
}

const struct block *blocks_kept(struct blocks *blocks, uint64_t position)
{
    for (size_t i = 0; i < blocks->count; ++i) {
        struct block *block = &blocks->kept[i];
        if (block->used && block->position == position) {
            block->used = ++blocks->clock;
            return block;
        }
    }
    return NULL;
}

const struct block *blocks_get(struct blocks *blocks, uint64_t position, size_t stored,
                               bool is_packed)
{
    const struct block *kept = blocks_kept(blocks, position);
    if (kept)
        return kept;
    struct block *oldest = blocks->kept;
    for (size_t i = 1; i < blocks->count; ++i)
        if (blocks->kept[i].used < oldest->used)
            oldest = &blocks->kept[i];
    oldest->used = 0;
    if (stored > blocks->capacity)
        return NULL;
    if (!oldest->bytes && !(oldest->bytes = malloc(blocks->capacity)))
        return NULL;
    if (!blocks_raw(blocks, position, is_packed ? blocks->packed : oldest->bytes, stored))
        return NULL;
    ssize_t size = (ssize_t)stored;
    if (is_packed)
        size = decompress(blocks->compression, blocks->packed, stored, oldest->bytes,
                          blocks->capacity);
    if (size < 0)
        return NULL;
    oldest->position = position;
    oldest->stored = stored;
    oldest->size = (size_t)size;
    oldest->used = ++blocks->clock;
    return oldest;
}

void blocks_forget(struct blocks *blocks)
{
    for (size_t i = 0; i < blocks->count; ++i) {
        free(blocks->kept[i].bytes);
        blocks->kept[i] = (struct block){0};
    }
}
