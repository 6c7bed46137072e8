/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "link_set.h"

#include <stdlib.h>
#include <string.h>

#define FATBIN_MAGIC 0xba55ed50u
#define ALIGNMENT 8u
#define NAME_BYTES_MAX 1024u

struct fatbin_header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t body_bytes;
};

struct entry_header {
    uint16_t kind;
    uint16_t version;
    uint32_t header_bytes;
    uint64_t padded_bytes;
    uint64_t zero[2];
    uint32_t name_at;
    uint32_t name_bytes;
    uint64_t flags;
    uint64_t more_zero;
    uint64_t payload_bytes;
};

_Static_assert(sizeof(struct fatbin_header) == 16, "as nvcc's");
_Static_assert(sizeof(struct entry_header) == 64, "as docs/protocol.md has it");

struct remora_link_input {
    struct remora_link_input *next;
    size_t name_bytes;
    size_t bytes;
    /* The name, and behind it the input. */
    uint8_t data[];
};

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static size_t header_bytes(const struct remora_link_input *input)
{
    return sizeof(struct entry_header) + aligned(input->name_bytes);
}

void remora_link_set_init(struct remora_link_set *set)
{
    *set = (struct remora_link_set){0};
    set->last = &set->first;
}

bool remora_link_set_add(struct remora_link_set *set, const char *name, const void *bytes,
                         size_t length)
{
    size_t name_bytes = strnlen(name, NAME_BYTES_MAX);
    size_t most = REMORA_LINK_BYTES_MAX - sizeof(struct fatbin_header) - set->body_bytes;
    if (length > most || most - length < sizeof(struct entry_header) + name_bytes + 2 * ALIGNMENT) {
        return false;
    }
    struct remora_link_input *input = malloc(sizeof(*input) + name_bytes + length);
    if (input == NULL) {
        return false;
    }
    input->next = NULL;
    input->name_bytes = name_bytes;
    input->bytes = length;
    memcpy(input->data, name, name_bytes);
    memcpy(input->data + name_bytes, bytes, length);
    *set->last = input;
    set->last = &input->next;
    set->body_bytes += header_bytes(input) + aligned(length);
    return true;
}

static uint8_t *put_entry(uint8_t *at, const struct remora_link_input *input)
{
    struct entry_header header = {
        .kind = 0x5250,
        .version = 0x0101,
        .header_bytes = (uint32_t)header_bytes(input),
        .padded_bytes = aligned(input->bytes),
        .name_at = sizeof(header),
        .name_bytes = (uint32_t)input->name_bytes,
        .payload_bytes = input->bytes,
    };
    memcpy(at, &header, sizeof(header));
    memcpy(at + sizeof(header), input->data, input->name_bytes);
    memcpy(at + header.header_bytes, input->data + input->name_bytes, input->bytes);
    return at + header.header_bytes + header.padded_bytes;
}

bool remora_link_set_image(struct remora_link_set *set)
{
    struct fatbin_header header = {FATBIN_MAGIC, 1, sizeof(header), set->body_bytes};
    size_t bytes = sizeof(header) + set->body_bytes;
    uint8_t *image = calloc(1, bytes);
    if (image == NULL) {
        return false;
    }
    memcpy(image, &header, sizeof(header));
    uint8_t *at = image + sizeof(header);
    for (const struct remora_link_input *input = set->first; input != NULL; input = input->next) {
        at = put_entry(at, input);
    }
    free(set->image);
    set->image = image;
    set->image_bytes = bytes;
    return true;
}

void remora_link_set_free(struct remora_link_set *set)
{
    struct remora_link_input *input = set->first;
    while (input != NULL) {
        struct remora_link_input *next = input->next;
        free(input);
        input = next;
    }
    free(set->image);
    remora_link_set_init(set);
}
