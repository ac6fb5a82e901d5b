// Reads a squashfs 4.0 image: what mksquashfs writes for us, that is files, folders and symbolic
// links. Functions that can fail return a negative error number of the system's, -EIO for damage.
#pragma once

#include "blocks.h"

#include <stdint.h>
#include <sys/types.h>

#define NAME_BYTES 256

struct squashfs {
    uint64_t root; // reference of the top folder
    uint64_t inodes, folders, fragments; // where these tables begin
    uint32_t fragment_count;
    uint32_t inode_count;
    uint32_t block_size;
    uint64_t bytes; // of the whole image
    struct blocks tables, data;
};

// A place in a table that is stored in blocks.
struct cursor {
    uint64_t block; // position of the block in the image
    size_t offset;  // in the block when unpacked
};

struct inode {
    uint64_t reference;
    uint32_t number;
    mode_t mode;
    uint32_t links;
    uint32_t time;
    uint64_t size;
    uint64_t start;       // of the data; of a folder: of the block with its first entry
    uint32_t fragment;    // index of the block with the end of the file, or NO_FRAGMENT
    uint32_t offset;      // in the fragment; of a folder: in the block
    struct cursor behind; // list of the blocks' sizes; target of a symbolic link
};

#define NO_FRAGMENT 0xffffffffU

// The place in a folder while it is listed.
struct listing {
    struct cursor cursor;
    uint64_t left;      // bytes
    uint32_t run;       // entries left that share the next two fields
    uint32_t run_block;
    uint32_t run_number;
};

struct entry {
    char name[NAME_BYTES + 1];
    uint64_t reference;
    uint32_t number;
    mode_t type;
};

int squashfs_open(struct squashfs *image, int descriptor, uint64_t offset, uint64_t size);
int squashfs_inode(struct squashfs *image, uint64_t reference, struct inode *inode);

// The number of bytes read, fewer than `size` only at the end of the file.
ssize_t squashfs_read(struct squashfs *image, const struct inode *inode, uint64_t position,
                      void *bytes, size_t size);

// `target` gets inode->size bytes and a zero byte.
int squashfs_link(struct squashfs *image, const struct inode *inode, char *target);

int squashfs_list(struct squashfs *image, const struct inode *folder, struct listing *listing);
// 1 with the next entry, 0 at the end.
int squashfs_next(struct squashfs *image, struct listing *listing, struct entry *entry);
int squashfs_find(struct squashfs *image, const struct inode *folder, const char *name,
                  struct entry *entry);
