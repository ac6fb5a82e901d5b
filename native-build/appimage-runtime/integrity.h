// Whether the image is the one that was packed.
#pragma once

#include "digest.h"
#include "image.h"

// The digest that the packer left in the runtime; false where there is none.
bool stored_digest(const struct image *image, uint8_t digest[DIGEST_BYTES]);

// False where the image has another digest than that: it was cut off or changed on its way here,
// and may still unpack to something. Reads all of it.
bool is_intact(const struct image *image);
