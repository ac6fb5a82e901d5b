#include "decompress.h"

#ifdef WITH_ZSTD
#include <zstd.h>
#endif
#ifdef WITH_XZ
#include <lzma.h>
#endif

bool can_decompress(int compression)
{
#ifdef WITH_ZSTD
    if (compression == COMPRESSION_ZSTD)
        return true;
#endif
#ifdef WITH_XZ
    if (compression == COMPRESSION_XZ)
        return true;
#endif
    return false;
}

#ifdef WITH_ZSTD
static ssize_t decompress_zstd(const void *packed, size_t packed_size, void *plain,
                               size_t capacity)
{
    // Kept: making one costs more than a small block.
    static ZSTD_DCtx *context;
    if (!context && !(context = ZSTD_createDCtx()))
        return -1;
    size_t size = ZSTD_decompressDCtx(context, plain, capacity, packed, packed_size);
    return ZSTD_isError(size) ? -1 : (ssize_t)size;
}
#endif

#ifdef WITH_XZ
static ssize_t decompress_xz(const void *packed, size_t packed_size, void *plain, size_t capacity)
{
    uint64_t memory = UINT64_MAX;
    size_t read = 0, written = 0;
    lzma_ret result = lzma_stream_buffer_decode(&memory, 0, NULL, packed, &read, packed_size,
                                                plain, &written, capacity);
    return result == LZMA_OK ? (ssize_t)written : -1;
}
#endif

ssize_t decompress(enum compression compression, const void *packed, size_t packed_size,
                   void *plain, size_t capacity)
{
#ifdef WITH_ZSTD
    if (compression == COMPRESSION_ZSTD)
        return decompress_zstd(packed, packed_size, plain, capacity);
#endif
#ifdef WITH_XZ
    if (compression == COMPRESSION_XZ)
        return decompress_xz(packed, packed_size, plain, capacity);
#endif
    return -1;
}
