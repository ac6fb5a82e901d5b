#include "integrity.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool stored_digest(const struct image *image, uint8_t digest[DIGEST_BYTES])
{
    static const uint8_t none[DIGEST_BYTES];
    size_t size;
    uint8_t *section = read_section(image, ".image_sha256", &size);
    bool found = section && size == DIGEST_BYTES && memcmp(section, none, size);
    if (found)
        memcpy(digest, section, size);
    free(section);
    return found;
}

// Fills `chunk` with what is left of the image from `done` on, and zeros. False on failure.
static bool read_chunk(const struct image *image, uint64_t done, void *chunk, size_t room)
{
    size_t wanted = image->size - done < room ? image->size - done : room, held = 0;
    memset(chunk, 0, room);
    while (held < wanted) {
        ssize_t got = pread(image->descriptor, (uint8_t *)chunk + held, wanted - held,
                            image->offset + done + held);
        if (got <= 0)
            return false;
        held += got;
    }
    return true;
}

bool is_sound(const struct image *image)
{
    enum { WORDS = 1 << 13 };
    uint64_t stored = 0, sum = 0, factor = 1, chunk[WORDS];
    size_t size;
    uint8_t *section = read_section(image, ".image_sum", &size);
    if (section && size == sizeof stored)
        memcpy(&stored, section, size);
    free(section);
    // Each word counts by its place, so that none can take another's.
    for (uint64_t done = 0; stored && done < image->size; done += sizeof chunk) {
        if (!read_chunk(image, done, chunk, sizeof chunk))
            return false;
        for (size_t i = 0; i < WORDS; ++i, factor += 2)
            sum += chunk[i] * factor;
    }
    return sum == stored;
}

bool is_intact(const struct image *image)
{
    uint8_t stored[DIGEST_BYTES], real[DIGEST_BYTES];
    return !stored_digest(image, stored) ||
           (digest_of(image->descriptor, image->offset, image->size, real) &&
            !memcmp(stored, real, sizeof real));
}
