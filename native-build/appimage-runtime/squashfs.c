#include "squashfs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TABLE_BLOCK = 8192,
    TABLE_BLOCKS_KEPT = 32,
    // Several libraries are read at once while a program starts, each a page here and there.
    DATA_BYTES_KEPT = 32 << 20,
    DATA_BLOCKS_KEPT = 128,
    STORED_PLAIN_TABLE = 0x8000,
    STORED_PLAIN_DATA = 1 << 24,
};

// All numbers are little-endian, as is every processor that this is built for.
struct __attribute__((packed)) superblock {
    uint32_t magic, inode_count, time, block_size, fragment_count;
    uint16_t compression, block_log, flags, owners, major, minor;
    uint64_t root, bytes, owner_table, attribute_table, inode_table, folder_table, fragment_table,
        export_table;
};

struct __attribute__((packed)) inode_head {
    uint16_t type, mode, owner, group;
    uint32_t time, number;
};

enum inode_type { FOLDER = 1, FILE_ = 2, LINK = 3, LONG_FOLDER = 8, LONG_FILE = 9, LONG_LINK = 10 };

static int read_table(struct squashfs *image, struct cursor *cursor, void *bytes, size_t size)
{
    for (uint8_t *next = bytes; size;) {
        uint16_t head;
        const struct block *block = blocks_kept(&image->tables, cursor->block + sizeof head);
        if (!block && blocks_raw(&image->tables, cursor->block, &head, sizeof head))
            block = blocks_get(&image->tables, cursor->block + sizeof head,
                               head & (STORED_PLAIN_TABLE - 1), !(head & STORED_PLAIN_TABLE));
        if (!block || cursor->offset > block->size)
            return -EIO;
        size_t part = block->size - cursor->offset;
        if (!part && block->size < TABLE_BLOCK)
            return -EIO;
        if (part > size)
            part = size;
        memcpy(next, block->bytes + cursor->offset, part);
        next += part;
        size -= part;
        cursor->offset += part;
        if (cursor->offset == TABLE_BLOCK) {
            cursor->block += sizeof head + block->stored;
            cursor->offset = 0;
        }
    }
    return 0;
}

int squashfs_open(struct squashfs *image, int descriptor, uint64_t offset, uint64_t size)
{
    struct superblock head;
    memset(image, 0, sizeof *image);
    image->tables = (struct blocks){.descriptor = descriptor, .offset = offset, .end = size};
    if (!blocks_raw(&image->tables, 0, &head, sizeof head) || memcmp(&head.magic, "hsqs", 4) ||
        head.major != 4 || head.minor != 0 || head.bytes > size ||
        head.block_size < 4096 || head.block_size > 1 << 20)
        return -EIO;
    if (!can_decompress(head.compression))
        return -ENOTSUP;
    image->tables.end = head.bytes;
    image->tables.compression = head.compression;
    image->data = image->tables;
    image->root = head.root;
    image->inodes = head.inode_table;
    image->folders = head.folder_table;
    image->fragments = head.fragment_table;
    image->fragment_count = head.fragment_count;
    image->inode_count = head.inode_count;
    image->block_size = head.block_size;
    image->bytes = head.bytes;
    size_t kept = DATA_BYTES_KEPT / head.block_size;
    if (kept > DATA_BLOCKS_KEPT)
        kept = DATA_BLOCKS_KEPT;
    if (!blocks_make(&image->tables, TABLE_BLOCK, TABLE_BLOCKS_KEPT) ||
        !blocks_make(&image->data, head.block_size, kept))
        return -ENOMEM;
    return 0;
}

int squashfs_inode(struct squashfs *image, uint64_t reference, struct inode *inode)
{
    struct cursor cursor = {image->inodes + (reference >> 16), reference & 0xffff};
    struct inode_head head;
    if (read_table(image, &cursor, &head, sizeof head))
        return -EIO;
    *inode = (struct inode){.reference = reference,
                            .number = head.number,
                            .mode = head.mode & 07777,
                            .links = 1,
                            .time = head.time,
                            .fragment = NO_FRAGMENT};
    union {
        struct __attribute__((packed)) {
            uint32_t start, links;
            uint16_t size, offset;
            uint32_t parent;
        } folder;
        struct __attribute__((packed)) {
            uint32_t links, size, start, parent;
            uint16_t index_count, offset;
            uint32_t attributes;
        } long_folder;
        struct __attribute__((packed)) {
            uint32_t start, fragment, offset, size;
        } file;
        struct __attribute__((packed)) {
            uint64_t start, size, sparse;
            uint32_t links, fragment, offset, attributes;
        } long_file;
        struct __attribute__((packed)) {
            uint32_t links, size;
        } link;
    } body;
#define READ(member) \
    if (read_table(image, &cursor, &body.member, sizeof body.member)) \
        return -EIO
    switch (head.type) {
    case FOLDER:
        READ(folder);
        inode->mode |= S_IFDIR;
        inode->links = body.folder.links;
        inode->size = body.folder.size;
        inode->start = body.folder.start;
        inode->offset = body.folder.offset;
        break;
    case LONG_FOLDER:
        READ(long_folder);
        inode->mode |= S_IFDIR;
        inode->links = body.long_folder.links;
        inode->size = body.long_folder.size;
        inode->start = body.long_folder.start;
        inode->offset = body.long_folder.offset;
        break;
    case FILE_:
        READ(file);
        inode->mode |= S_IFREG;
        inode->size = body.file.size;
        inode->start = body.file.start;
        inode->fragment = body.file.fragment;
        inode->offset = body.file.offset;
        break;
    case LONG_FILE:
        READ(long_file);
        inode->mode |= S_IFREG;
        inode->links = body.long_file.links;
        inode->size = body.long_file.size;
        inode->start = body.long_file.start;
        inode->fragment = body.long_file.fragment;
        inode->offset = body.long_file.offset;
        break;
    case LINK:
    case LONG_LINK:
        READ(link);
        // As long as the system takes a path to be.
        if (body.link.size > 4096)
            return -EIO;
        inode->mode |= S_IFLNK;
        inode->links = body.link.links;
        inode->size = body.link.size;
        break;
    default:
        return -ENOTSUP;
    }
#undef READ
    inode->behind = cursor;
    return 0;
}

int squashfs_link(struct squashfs *image, const struct inode *inode, char *target)
{
    struct cursor cursor = inode->behind;
    target[inode->size] = '\0';
    return read_table(image, &cursor, target, inode->size);
}

// Copies from the block with the ends of several files.
static int read_fragment(struct squashfs *image, const struct inode *inode, uint64_t position,
                         void *bytes, size_t size)
{
    struct __attribute__((packed)) {
        uint64_t start;
        uint32_t size, unused;
    } fragment;
    enum { IN_A_BLOCK = TABLE_BLOCK / sizeof fragment };
    struct cursor cursor = {.offset = inode->fragment % IN_A_BLOCK * sizeof fragment};
    uint64_t pointer = image->fragments + inode->fragment / IN_A_BLOCK * sizeof cursor.block;
    if (inode->fragment >= image->fragment_count ||
        !blocks_raw(&image->tables, pointer, &cursor.block, sizeof cursor.block) ||
        read_table(image, &cursor, &fragment, sizeof fragment))
        return -EIO;
    const struct block *block =
        blocks_get(&image->data, fragment.start, fragment.size & (STORED_PLAIN_DATA - 1),
                   !(fragment.size & STORED_PLAIN_DATA));
    uint64_t begin = inode->offset + position;
    if (!block || begin > block->size || size > block->size - begin)
        return -EIO;
    memcpy(bytes, block->bytes + begin, size);
    return 0;
}

ssize_t squashfs_read(struct squashfs *image, const struct inode *inode, uint64_t position,
                      void *bytes, size_t size)
{
    if (position >= inode->size)
        return 0;
    if (size > inode->size - position)
        size = inode->size - position;
    uint64_t whole = inode->size / image->block_size;
    if (inode->fragment == NO_FRAGMENT && inode->size % image->block_size)
        ++whole;
    struct cursor list = inode->behind;
    uint64_t start = inode->start, end = position + size;
    uint8_t *next = bytes;
    for (uint64_t index = 0; index < whole && position < end; ++index) {
        uint32_t stored;
        if (read_table(image, &list, &stored, sizeof stored))
            return -EIO;
        size_t packed_size = stored & (STORED_PLAIN_DATA - 1);
        uint64_t block_end = (index + 1) * image->block_size;
        if (position < block_end) {
            size_t offset = position % image->block_size;
            size_t part = (block_end < end ? block_end : end) - position;
            if (!packed_size) {
                memset(next, 0, part); // nothing but zeros, which are not stored
            } else {
                const struct block *block =
                    blocks_get(&image->data, start, packed_size, !(stored & STORED_PLAIN_DATA));
                if (!block || offset + part > block->size)
                    return -EIO;
                memcpy(next, block->bytes + offset, part);
            }
            next += part;
            position += part;
        }
        start += packed_size;
    }
    if (position < end) {
        if (inode->fragment == NO_FRAGMENT ||
            read_fragment(image, inode, position - whole * image->block_size, next, end - position))
            return -EIO;
    }
    return (ssize_t)size;
}

int squashfs_list(struct squashfs *image, const struct inode *folder, struct listing *listing)
{
    if (!S_ISDIR(folder->mode))
        return -ENOTDIR;
    // The size counts "." and "..", which are not stored, with three bytes.
    *listing = (struct listing){.cursor = {image->folders + folder->start, folder->offset},
                                .left = folder->size < 3 ? 0 : folder->size - 3};
    return 0;
}

static mode_t mode_of(uint16_t type)
{
    switch (type) {
    case FOLDER:
        return S_IFDIR;
    case FILE_:
        return S_IFREG;
    case LINK:
        return S_IFLNK;
    }
    return 0;
}

int squashfs_next(struct squashfs *image, struct listing *listing, struct entry *entry)
{
    struct __attribute__((packed)) {
        uint32_t count, block, number;
    } run;
    struct __attribute__((packed)) {
        uint16_t offset;
        int16_t number;
        uint16_t type, length;
    } head;
    if (!listing->run) {
        if (!listing->left)
            return 0;
        if (listing->left < sizeof run || read_table(image, &listing->cursor, &run, sizeof run) ||
            run.count >= NAME_BYTES)
            return -EIO;
        listing->left -= sizeof run;
        listing->run = run.count + 1;
        listing->run_block = run.block;
        listing->run_number = run.number;
    }
    if (listing->left < sizeof head || read_table(image, &listing->cursor, &head, sizeof head))
        return -EIO;
    size_t length = head.length + 1U;
    if (length > NAME_BYTES || listing->left < sizeof head + length ||
        read_table(image, &listing->cursor, entry->name, length))
        return -EIO;
    entry->name[length] = '\0';
    // Such a name could lead out of the folder that it is extracted to.
    if (strlen(entry->name) != length || strchr(entry->name, '/') || !strcmp(entry->name, ".") ||
        !strcmp(entry->name, ".."))
        return -EIO;
    listing->left -= sizeof head + length;
    --listing->run;
    entry->reference = (uint64_t)listing->run_block << 16 | head.offset;
    entry->number = listing->run_number + (uint32_t)head.number;
    entry->type = mode_of(head.type);
    return 1;
}

int squashfs_find(struct squashfs *image, const struct inode *folder, const char *name,
                  struct entry *entry)
{
    struct listing listing;
    int result = squashfs_list(image, folder, &listing);
    while (!result) {
        result = squashfs_next(image, &listing, entry);
        if (!result)
            return -ENOENT;
        if (result == 1) {
            if (!strcmp(entry->name, name))
                return 0;
            result = 0;
        }
    }
    return result;
}
