#include "integrity.h"

#include <stdlib.h>
#include <string.h>

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

bool is_intact(const struct image *image)
{
    uint8_t stored[DIGEST_BYTES], real[DIGEST_BYTES];
    return !stored_digest(image, stored) ||
           (digest_of(image->descriptor, image->offset, image->size, real) &&
            !memcmp(stored, real, sizeof real));
}
