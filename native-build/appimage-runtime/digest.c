#include "digest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// FIPS 180-4, section 4.2.2.
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(uint32_t word, int bits)
{
    return word >> bits | word << (32 - bits);
}

static void add_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t words[64];
    for (int i = 0; i < 16; ++i)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; ++i) {
        uint32_t first = words[i - 15], second = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] +
                   (rotated(first, 7) ^ rotated(first, 18) ^ first >> 3) +
                   (rotated(second, 17) ^ rotated(second, 19) ^ second >> 10);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; ++i) {
        uint32_t first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) +
                         ((e & f) ^ (~e & g)) + constants[i] + words[i];
        uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) +
                          ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

bool digest_of(int descriptor, uint64_t offset, uint64_t size, uint8_t digest[DIGEST_BYTES])
{
    enum { CHUNK = 1 << 18 };
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    // Room for the padding behind the last chunk.
    uint8_t *chunk = malloc(CHUNK + 128);
    if (!chunk)
        return false;
    uint64_t done = 0;
    size_t rest = 0;
    while (done < size) {
        size_t wanted = size - done < CHUNK ? size - done : CHUNK, held = 0;
        while (held < wanted) {
            ssize_t got = pread(descriptor, chunk + held, wanted - held, offset + done + held);
            if (got <= 0) {
                free(chunk);
                return false;
            }
            held += got;
        }
        for (size_t i = 0; i + 64 <= wanted; i += 64)
            add_block(state, chunk + i);
        done += wanted;
        rest = wanted % 64;
        memmove(chunk, chunk + wanted - rest, rest);
    }
    size_t padded = rest < 56 ? 64 : 128;
    memset(chunk + rest, 0, padded - rest);
    chunk[rest] = 0x80;
    for (int i = 0; i < 8; ++i)
        chunk[padded - 1 - i] = (uint8_t)(size * 8 >> 8 * i);
    for (size_t i = 0; i < padded; i += 64)
        add_block(state, chunk + i);
    free(chunk);
    for (int i = 0; i < DIGEST_BYTES; ++i)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    return true;
}
