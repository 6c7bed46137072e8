/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "image.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"

#define WRAPPER_MAGIC 0x466243b1u
#define FATBIN_MAGIC 0xba55ed50u
#define ELF_MAGIC 0x464c457fu

/* Sections of memory that begins empty, in files that aren't linked; they have no bytes there. */
#define CUDA_GLOBAL 0x70000007u
#define CUDA_LOCAL 0x70000009u
#define CUDA_SHARED 0x7000000au
#define CUDA_SHARED_RESERVED 0x70000015u

/* Longer than any image; keeps sums of lengths far from overflowing. */
#define LENGTH_MAX ((uint64_t)1 << 40)

/* What nvcc puts into a program's .nvFatBinSegment. */
struct wrapper {
    uint32_t magic;
    uint32_t version;
    const void *data;
    /* Version 2: the fatbins of the objects from which `data` was linked. */
    const void *extra;
};

struct fatbin_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t body_bytes;
};

/* Reads no byte beyond the first that differs: text may be shorter than a magic number. */
static bool starts_with(const void *code, uint32_t magic)
{
    const uint8_t *bytes = code;
    for (unsigned int i = 0; i < sizeof(magic); i++) {
        if (bytes[i] != (uint8_t)(magic >> 8 * i)) {
            return false;
        }
    }
    return true;
}

static bool add_end(uint64_t offset, uint64_t bytes, uint64_t *length)
{
    if (offset > LENGTH_MAX || bytes > LENGTH_MAX) {
        return false;
    }
    if (offset + bytes > *length) {
        *length = offset + bytes;
    }
    return true;
}

/* Images may lie at any address, so nothing is read but by memcpy. Zero if it contradicts itself. */
static uint64_t fatbin_length(const uint8_t *bytes)
{
    struct fatbin_header header;
    memcpy(&header, bytes, sizeof(header));
    if (header.header_bytes < sizeof(header) || header.body_bytes > LENGTH_MAX) {
        return 0;
    }
    return header.header_bytes + header.body_bytes;
}

static bool has_bytes(const Elf64_Shdr *section)
{
    return section->sh_type != SHT_NOBITS && section->sh_type != CUDA_GLOBAL &&
           section->sh_type != CUDA_LOCAL && section->sh_type != CUDA_SHARED &&
           section->sh_type != CUDA_SHARED_RESERVED;
}

static bool add_sections(const uint8_t *bytes, const Elf64_Ehdr *header, uint64_t *length)
{
    Elf64_Shdr section;
    if (header->e_shoff == 0) {
        return true;
    }
    if (header->e_shentsize != sizeof(section) || header->e_shoff > LENGTH_MAX) {
        return false;
    }
    uint64_t count = header->e_shnum;
    if (count == 0) {
        /* More sections than the header can count: the first one has their number. */
        memcpy(&section, bytes + header->e_shoff, sizeof(section));
        count = section.sh_size;
    }
    if (count > LENGTH_MAX / sizeof(section) ||
        !add_end(header->e_shoff, count * sizeof(section), length)) {
        return false;
    }
    for (uint64_t i = 1; i < count; i++) {
        memcpy(&section, bytes + header->e_shoff + i * sizeof(section), sizeof(section));
        if (has_bytes(&section) && !add_end(section.sh_offset, section.sh_size, length)) {
            return false;
        }
    }
    return true;
}

static bool add_segments(const uint8_t *bytes, const Elf64_Ehdr *header, uint64_t *length)
{
    Elf64_Phdr segment;
    if (header->e_phnum == 0) {
        return true;
    }
    if (header->e_phentsize != sizeof(segment) ||
        !add_end(header->e_phoff, (uint64_t)header->e_phnum * sizeof(segment), length)) {
        return false;
    }
    for (uint64_t i = 0; i < header->e_phnum; i++) {
        memcpy(&segment, bytes + header->e_phoff + i * sizeof(segment), sizeof(segment));
        if (!add_end(segment.p_offset, segment.p_filesz, length)) {
            return false;
        }
    }
    return true;
}

/* Zero if it contradicts itself. */
static uint64_t elf_length(const uint8_t *bytes)
{
    Elf64_Ehdr header;
    if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB) {
        return 0;
    }
    memcpy(&header, bytes, sizeof(header));
    uint64_t length = sizeof(header);
    bool whole = add_sections(bytes, &header, &length) && add_segments(bytes, &header, &length);
    return whole ? length : 0;
}

static CUresult hashed(const void *bytes, uint64_t length, struct remora_image *image)
{
    if (length == 0) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    image->bytes = bytes;
    image->length = (size_t)length;
    return remora_sha256(bytes, image->length, image->sha256) ? CUDA_SUCCESS
                                                              : CUDA_ERROR_OUT_OF_MEMORY;
}

static bool is_known(const struct wrapper *wrapper)
{
    return (wrapper->version == 1 || wrapper->version == 2) && wrapper->data != NULL &&
           starts_with(wrapper->data, FATBIN_MAGIC);
}

/* Nothing was linked when the program was built, since all there is is PTX. */
static bool is_unlinked(const struct wrapper *wrapper)
{
    struct fatbin_header header;
    memcpy(&header, wrapper->data, sizeof(header));
    return wrapper->version == 2 && header.body_bytes == 0 && wrapper->extra != NULL;
}

static CUresult too_many(void)
{
    remora_say_once("relocatable", "the program's device code is relocatable PTX of several objects "
                                   "that must be linked when it is loaded, which Remora doesn't "
                                   "do: build the program without -rdc=true");
    return CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult inputs_of(const struct wrapper *wrapper, struct remora_image *images,
                          size_t capacity, size_t *count)
{
    CUresult result = CUDA_SUCCESS;
    const void *const *inputs = wrapper->extra;
    for (*count = 0; result == CUDA_SUCCESS && inputs[*count] != NULL; (*count)++) {
        if (*count == capacity) {
            return too_many();
        }
        const void *input = inputs[*count];
        result = starts_with(input, FATBIN_MAGIC)
                         ? hashed(input, fatbin_length(input), &images[*count])
                         : CUDA_ERROR_INVALID_IMAGE;
    }
    return result == CUDA_SUCCESS && *count == 0 ? CUDA_ERROR_INVALID_IMAGE : result;
}

CUresult remora_images_at(const void *code, struct remora_image *images, size_t capacity,
                          size_t *count)
{
    *count = 1;
    if (code == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (starts_with(code, WRAPPER_MAGIC)) {
        struct wrapper wrapper;
        memcpy(&wrapper, code, sizeof(wrapper));
        if (!is_known(&wrapper)) {
            return CUDA_ERROR_INVALID_IMAGE;
        }
        return is_unlinked(&wrapper)
                       ? inputs_of(&wrapper, images, capacity, count)
                       : hashed(wrapper.data, fatbin_length(wrapper.data), images);
    }
    if (starts_with(code, FATBIN_MAGIC)) {
        return hashed(code, fatbin_length(code), images);
    }
    if (starts_with(code, ELF_MAGIC)) {
        return hashed(code, elf_length(code), images);
    }
    return hashed(code, strlen(code), images);
}

CUresult remora_image_at(const void *code, struct remora_image *image)
{
    size_t count;
    return remora_images_at(code, image, 1, &count);
}

/* As many bytes as there are, with a zero behind them; NULL if they can't be read. */
static char *read_all(int file, size_t *length)
{
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
        (uint64_t)status.st_size > LENGTH_MAX) {
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *bytes = malloc(size + 1);
    size_t filled = 0;
    while (bytes != NULL && filled < size) {
        ssize_t got = read(file, bytes + filled, size - filled);
        if (got <= 0) {
            free(bytes);
            return NULL;
        }
        filled += (size_t)got;
    }
    if (bytes != NULL) {
        bytes[size] = '\0';
        *length = size;
    }
    return bytes;
}

CUresult remora_image_from_file(const char *name, struct remora_image *image)
{
    if (name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    size_t length = 0;
    char *bytes = read_all(file, &length);
    close(file);
    if (bytes == NULL) {
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    /* A file of machine code ends where it ends; nothing in it has to be believed. */
    bool machine_code = starts_with(bytes, ELF_MAGIC) || starts_with(bytes, FATBIN_MAGIC);
    CUresult result = hashed(bytes, machine_code ? length : strlen(bytes), image);
    if (result != CUDA_SUCCESS) {
        free(bytes);
    }
    return result;
}
