/* SPDX-License-Identifier: Apache-2.0 */
#include "md2.h"

#include <string.h>

#define ROUNDS 18

/* RFC 1319, 3.2: a permutation of the bytes that is made from the digits of pi. */
static const uint8_t pi[256] = {
    41, 46, 67, 201, 162, 216, 124, 1, 61, 54, 84, 161, 236, 240, 6, 19,
    98, 167, 5, 243, 192, 199, 115, 140, 152, 147, 43, 217, 188, 76, 130, 202,
    30, 155, 87, 60, 253, 212, 224, 22, 103, 66, 111, 24, 138, 23, 229, 18,
    190, 78, 196, 214, 218, 158, 222, 73, 160, 251, 245, 142, 187, 47, 238, 122,
    169, 104, 121, 145, 21, 178, 7, 63, 148, 194, 16, 137, 11, 34, 95, 33,
    128, 127, 93, 154, 90, 144, 50, 39, 53, 62, 204, 231, 191, 247, 151, 3,
    255, 25, 48, 179, 72, 165, 181, 209, 215, 94, 146, 42, 172, 86, 170, 198,
    79, 184, 56, 210, 150, 164, 125, 182, 118, 252, 107, 226, 156, 116, 4, 241,
    69, 157, 112, 89, 100, 113, 135, 32, 134, 91, 207, 101, 230, 45, 168, 2,
    27, 96, 37, 173, 174, 176, 185, 246, 28, 70, 97, 105, 52, 64, 126, 15,
    85, 71, 163, 35, 221, 81, 175, 58, 195, 92, 249, 206, 186, 197, 234, 38,
    44, 83, 13, 110, 133, 40, 132, 9, 211, 223, 205, 244, 65, 129, 77, 82,
    106, 220, 55, 200, 108, 193, 171, 250, 36, 225, 123, 8, 12, 189, 177, 74,
    120, 136, 149, 139, 227, 99, 232, 109, 233, 203, 213, 254, 59, 0, 29, 57,
    242, 239, 183, 14, 102, 88, 208, 228, 166, 119, 114, 248, 235, 117, 75, 10,
    49, 68, 80, 180, 143, 237, 31, 26, 219, 153, 141, 51, 159, 17, 131, 20,
};

static void compress(struct remora_md2 *md2, const uint8_t block[REMORA_MD2_BYTES])
{
    for (size_t i = 0; i < REMORA_MD2_BYTES; i++) {
        md2->state[16 + i] = block[i];
        md2->state[32 + i] = md2->state[16 + i] ^ md2->state[i];
    }
    uint8_t last = 0;
    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof(md2->state); i++) {
            md2->state[i] ^= pi[last];
            last = md2->state[i];
        }
        last = (uint8_t)(last + round);
    }
}

static void take_block(struct remora_md2 *md2, const uint8_t block[REMORA_MD2_BYTES])
{
    compress(md2, block);
    uint8_t last = md2->checksum[REMORA_MD2_BYTES - 1];
    for (size_t i = 0; i < REMORA_MD2_BYTES; i++) {
        md2->checksum[i] ^= pi[block[i] ^ last];
        last = md2->checksum[i];
    }
}

void remora_md2_init(struct remora_md2 *md2)
{
    memset(md2, 0, sizeof(*md2));
}

void remora_md2_update(struct remora_md2 *md2, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    while (length > 0) {
        size_t room = REMORA_MD2_BYTES - md2->block_bytes;
        size_t part = length < room ? length : room;
        memcpy(md2->block + md2->block_bytes, at, part);
        md2->block_bytes += part;
        at += part;
        length -= part;
        if (md2->block_bytes == REMORA_MD2_BYTES) {
            take_block(md2, md2->block);
            md2->block_bytes = 0;
        }
    }
}

void remora_md2_final(struct remora_md2 *md2, uint8_t digest[REMORA_MD2_BYTES])
{
    /* There is always padding: n bytes of the value n. */
    size_t padding = REMORA_MD2_BYTES - md2->block_bytes;
    memset(md2->block + md2->block_bytes, (int)padding, padding);
    take_block(md2, md2->block);
    uint8_t checksum[REMORA_MD2_BYTES];
    memcpy(checksum, md2->checksum, sizeof(checksum));
    compress(md2, checksum);
    memcpy(digest, md2->state, REMORA_MD2_BYTES);
}

void remora_hmac_md2(const void *key, size_t key_bytes, const void *message, size_t message_bytes,
                     uint8_t digest[REMORA_MD2_BYTES])
{
    struct remora_md2 md2;
    uint8_t block_key[REMORA_MD2_BYTES] = {0};
    if (key_bytes > sizeof(block_key)) {
        remora_md2_init(&md2);
        remora_md2_update(&md2, key, key_bytes);
        remora_md2_final(&md2, block_key);
    } else if (key_bytes > 0) {
        memcpy(block_key, key, key_bytes);
    }
    uint8_t inner_key[REMORA_MD2_BYTES];
    uint8_t outer_key[REMORA_MD2_BYTES];
    for (size_t i = 0; i < REMORA_MD2_BYTES; i++) {
        inner_key[i] = block_key[i] ^ 0x36;
        outer_key[i] = block_key[i] ^ 0x5c;
    }
    uint8_t inner[REMORA_MD2_BYTES];
    remora_md2_init(&md2);
    remora_md2_update(&md2, inner_key, sizeof(inner_key));
    remora_md2_update(&md2, message, message_bytes);
    remora_md2_final(&md2, inner);
    remora_md2_init(&md2);
    remora_md2_update(&md2, outer_key, sizeof(outer_key));
    remora_md2_update(&md2, inner, sizeof(inner));
    remora_md2_final(&md2, digest);
}
