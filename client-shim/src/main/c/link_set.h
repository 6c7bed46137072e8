/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inputs of one link, and the image that is made of them: a fatbin with an entry for each, see
 * docs/protocol.md. Its owner sees to it that one thread at a time uses it.
 */
#ifndef REMORA_LINK_SET_H
#define REMORA_LINK_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Images are shorter, so that any receiver can hold one. */
#define REMORA_LINK_BYTES_MAX ((size_t)INT32_MAX)

struct remora_link_input;

struct remora_link_set {
    struct remora_link_input *first;
    struct remora_link_input **last;
    /* Of all entries. */
    size_t body_bytes;
    /* Once it was made. */
    uint8_t *image;
    size_t image_bytes;
};

void remora_link_set_init(struct remora_link_set *set);

/* Copies an input; `name` is what messages call it. False if that would be too much memory. */
bool remora_link_set_add(struct remora_link_set *set, const char *name, const void *bytes,
                         size_t length);

/* Makes the image, or another one of more inputs. False if there is no memory. */
bool remora_link_set_image(struct remora_link_set *set);

void remora_link_set_free(struct remora_link_set *set);

#endif
