// SHA-256 of a part of a file.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DIGEST_BYTES 32

// Reads `size` bytes at `offset`; false where they cannot be read.
bool digest_of(int descriptor, uint64_t offset, uint64_t size, uint8_t digest[DIGEST_BYTES]);
