/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures images where they lie in memory, with other bytes behind them: for each file its length
 * bare, as nvcc's wrappers of both versions have it, and as a file.
 * Usage: image_test FILE...
 */
#include <stdint.h>
#include <string.h>

#include "client.h"
#include "expect.h"
#include "image.h"

#define BEHIND 4096

bool remora_sha256(const void *bytes, size_t length, uint8_t digest[32])
{
    /* A sum is enough to see that all bytes were given and no others. */
    uint64_t sum = length;
    for (size_t i = 0; i < length; i++) {
        sum = sum * 31 + ((const uint8_t *)bytes)[i];
    }
    memset(digest, 0, 32);
    memcpy(digest, &sum, sizeof(sum));
    return true;
}

struct wrapper {
    uint32_t magic;
    uint32_t version;
    const void *data;
    const void *extra;
};

static uint8_t *read_file(const char *name, size_t *length)
{
    FILE *file = fopen(name, "rb");
    EXPECT(file != NULL);
    EXPECT(fseek(file, 0, SEEK_END) == 0);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length + BEHIND);
    EXPECT(bytes != NULL && fread(bytes, 1, *length, file) == *length);
    memset(bytes + *length, 0xa5, BEHIND);
    fclose(file);
    return bytes;
}

static bool is_text(const uint8_t *bytes)
{
    return bytes[0] == '/' || bytes[0] == '.' || bytes[0] == '\n';
}

static void measure(const char *name)
{
    struct remora_image bare;
    struct remora_image other;
    size_t length;
    uint8_t *bytes = read_file(name, &length);
    bool text = is_text(bytes);
    if (text) {
        bytes[length] = '\0';
    }
    CUresult result = remora_image_at(bytes, &bare);
    printf("%s %d %zu\n", name, result, result == CUDA_SUCCESS ? bare.length : 0);
    if (result == CUDA_SUCCESS && !text) {
        const void *inputs[] = {NULL};
        for (uint32_t version = 1; version <= 2; version++) {
            struct wrapper wrapper = {0x466243b1u, version, bytes, version == 2 ? inputs : NULL};
            result = remora_image_at(&wrapper, &other);
            if (bytes[0] == 0x7f) {
                /* A wrapper is around a fatbin, never around machine code itself. */
                EXPECT(result == CUDA_ERROR_INVALID_IMAGE);
            } else {
                EXPECT(result == CUDA_SUCCESS && other.length == bare.length);
                EXPECT(other.bytes == bytes);
                EXPECT(memcmp(other.sha256, bare.sha256, sizeof(bare.sha256)) == 0);
            }
        }
    }
    if (result == CUDA_SUCCESS || text) {
        EXPECT(remora_image_from_file(name, &other) == CUDA_SUCCESS);
        EXPECT(other.length == bare.length);
        EXPECT(memcmp(other.sha256, bare.sha256, sizeof(bare.sha256)) == 0);
        remora_image_end(&other);
    }
    free(bytes);
}

static void refuse_what_contradicts_itself(void)
{
    struct remora_image image;
    struct wrapper wrapper = {0x466243b1u, 3, "PTX", NULL};
    EXPECT(remora_image_at(NULL, &image) == CUDA_ERROR_INVALID_VALUE);
    EXPECT(remora_image_at("", &image) == CUDA_ERROR_INVALID_IMAGE);
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_ERROR_INVALID_IMAGE);
    wrapper.version = 1;
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_ERROR_INVALID_IMAGE);
    wrapper.data = NULL;
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_ERROR_INVALID_IMAGE);
    uint64_t fatbin[2] = {0x00100001ba55ed50u, UINT64_MAX};
    EXPECT(remora_image_at(fatbin, &image) == CUDA_ERROR_INVALID_IMAGE);
    fatbin[1] = 0;
    EXPECT(remora_image_at(fatbin, &image) == CUDA_SUCCESS && image.length == 16);
    wrapper = (struct wrapper){0x466243b1u, 2, fatbin, NULL};
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_SUCCESS && image.length == 16);
    wrapper.version = 1;
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_SUCCESS && image.length == 16);
    fatbin[0] = 0x00080001ba55ed50u;
    EXPECT(remora_image_at(fatbin, &image) == CUDA_ERROR_INVALID_IMAGE);
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 1, 1};
    EXPECT(remora_image_at(elf, &image) == CUDA_ERROR_INVALID_IMAGE);
    elf[4] = 2;
    EXPECT(remora_image_at(elf, &image) == CUDA_SUCCESS && image.length == 64);
    memset(elf + 0x28, 0xff, 8);
    EXPECT(remora_image_at(elf, &image) == CUDA_ERROR_INVALID_IMAGE);
    /* Text may end before a magic number does. */
    char *text = malloc(2);
    EXPECT(text != NULL);
    memcpy(text, ".", 2);
    EXPECT(remora_image_at(text, &image) == CUDA_SUCCESS && image.length == 1);
    free(text);
    EXPECT(remora_image_from_file("no such file", &image) == CUDA_ERROR_FILE_NOT_FOUND);
    EXPECT(remora_image_from_file("/", &image) == CUDA_ERROR_FILE_NOT_FOUND);
    EXPECT(remora_image_from_file(NULL, &image) == CUDA_ERROR_INVALID_VALUE);
}

/* Relocatable device code: what was linked and its inputs, each at a multiple of 8 bytes. */
static void join_fatbins(void)
{
    uint64_t linked[2] = {0x00100001ba55ed50u, 0};
    uint8_t odd[16 + 3] = {0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0, 3};
    uint64_t even[3] = {0x00100001ba55ed50u, 8, 0x1122334455667788u};
    memcpy(odd + 16, "abc", 3);
    const void *inputs[] = {odd, even, NULL};
    struct wrapper wrapper = {0x466243b1u, 2, linked, inputs};
    struct remora_image image;
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_SUCCESS);
    EXPECT(image.length == 16 + 24 + 24 && image.owned == image.bytes);
    EXPECT(memcmp(image.bytes, linked, 16) == 0);
    EXPECT(memcmp(image.bytes + 16, odd, 19) == 0 && image.bytes[16 + 23] == 0);
    EXPECT(memcmp(image.bytes + 40, even, 24) == 0);
    remora_image_end(&image);
    inputs[1] = "no fatbin";
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_ERROR_INVALID_IMAGE);
    even[1] = UINT64_MAX;
    inputs[1] = even;
    EXPECT(remora_image_at(&wrapper, &image) == CUDA_ERROR_INVALID_IMAGE);
}

int main(int count, char **arguments)
{
    join_fatbins();
    refuse_what_contradicts_itself();
    for (int i = 1; i < count; i++) {
        measure(arguments[i]);
    }
    return 0;
}
