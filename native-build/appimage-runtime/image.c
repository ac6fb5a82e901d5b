#include "image.h"

#include "descriptor.h"
#include "message.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_at(int descriptor, void *bytes, size_t size, uint64_t offset)
{
    return pread(descriptor, bytes, size, offset) == (ssize_t)size;
}

static bool read_header(int descriptor, Elf64_Ehdr *header)
{
    return read_at(descriptor, header, sizeof *header, 0) &&
           !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_ident[EI_CLASS] == ELFCLASS64 &&
           header->e_shentsize == sizeof(Elf64_Shdr);
}

// The end of whatever the ELF headers speak of. Usually the section headers are last, but tools
// that add sections may put them elsewhere.
static uint64_t elf_end(int descriptor, const Elf64_Ehdr *header)
{
    uint64_t end = header->e_shoff + (uint64_t)header->e_shnum * sizeof(Elf64_Shdr);
    for (int i = 0; i < header->e_shnum; ++i) {
        Elf64_Shdr section;
        if (!read_at(descriptor, &section, sizeof section, header->e_shoff + i * sizeof section))
            return 0;
        if (section.sh_type != SHT_NOBITS && section.sh_offset + section.sh_size > end)
            end = section.sh_offset + section.sh_size;
    }
    return end;
}

struct image open_image(const char *path)
{
    // /proc is missing in some chroots; then the path will do that the kernel was given.
    bool is_named = path && *path;
    const char *opened = is_named ? path : "/proc/self/exe";
    if (!is_named && access(opened, F_OK))
        opened = (const char *)getauxval(AT_EXECFN);
    struct image image = {.descriptor = moved_up(open(opened, O_RDONLY | O_CLOEXEC), true)};
    if (image.descriptor < 0)
        fail(EXIT_DEPENDENCY, "cannot read %s: %s", opened, strerror(errno));
    image.path = realpath(opened, NULL);
    if (!image.path)
        fail(EXIT_DEPENDENCY, "cannot find out where %s lies: %s", opened, strerror(errno));
    Elf64_Ehdr header;
    struct stat status;
    if (read_header(image.descriptor, &header))
        image.offset = elf_end(image.descriptor, &header);
    if (!image.offset || fstat(image.descriptor, &status))
        fail(EXIT_DEPENDENCY, "%s is no AppImage", image.path);
    image.size = (uint64_t)status.st_size > image.offset ? status.st_size - image.offset : 0;
    return image;
}

uint8_t *read_section(const struct image *image, const char *name, size_t *size)
{
    Elf64_Ehdr header;
    Elf64_Shdr names, section;
    if (!read_header(image->descriptor, &header) ||
        !read_at(image->descriptor, &names, sizeof names,
                 header.e_shoff + (uint64_t)header.e_shstrndx * sizeof names))
        return NULL;
    for (int i = 0; i < header.e_shnum; ++i) {
        char found[64] = "";
        if (!read_at(image->descriptor, &section, sizeof section,
                     header.e_shoff + i * sizeof section))
            return NULL;
        // The names' own end may be nearer than that of the buffer.
        if (pread(image->descriptor, found, sizeof found - 1,
                  names.sh_offset + section.sh_name) <= 0 || strcmp(found, name))
            continue;
        uint8_t *content = section.sh_size > 1 << 20 ? NULL : calloc(1, section.sh_size + 1);
        if (content && read_at(image->descriptor, content, section.sh_size, section.sh_offset)) {
            *size = section.sh_size;
            return content;
        }
        free(content);
        return NULL;
    }
    return NULL;
}
