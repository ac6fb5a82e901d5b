// Whether the image is the one that was packed.
#pragma once

#include "digest.h"
#include "image.h"

// The digest that the packer left in the runtime; false where there is none.
bool stored_digest(const struct image *image, uint8_t digest[DIGEST_BYTES]);

// False where the image has another sum than the packer left: a page of it that is damaged would
// end the program with SIGBUS, and whoever started it would not know why. Reads all of it, but takes
// no longer than that: the sum finds what chance does to a file, the digest also what people do.
bool is_sound(const struct image *image);

// False where the image has another digest than that: it was cut off or changed on its way here,
// and may still unpack to something. Reads all of it.
bool is_intact(const struct image *image);
