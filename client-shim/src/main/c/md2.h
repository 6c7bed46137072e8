/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message digest of RFC 1319, and HMAC (RFC 2104) over it. Broken as cryptography for decades;
 * here because the CUDA runtime asks for it, see integrity.h. Never use it to protect anything.
 */
#ifndef REMORA_MD2_H
#define REMORA_MD2_H

#include <stddef.h>
#include <stdint.h>

#define REMORA_MD2_BYTES 16

struct remora_md2 {
    uint8_t state[48];
    uint8_t checksum[REMORA_MD2_BYTES];
    /* What has been given of the next block. */
    uint8_t block[REMORA_MD2_BYTES];
    size_t block_bytes;
};

void remora_md2_init(struct remora_md2 *md2);
void remora_md2_update(struct remora_md2 *md2, const void *bytes, size_t length);
void remora_md2_final(struct remora_md2 *md2, uint8_t digest[REMORA_MD2_BYTES]);

/* HMAC-MD2 of a message by a key of any length. */
void remora_hmac_md2(const void *key, size_t key_bytes, const void *message, size_t message_bytes,
                     uint8_t digest[REMORA_MD2_BYTES]);

#endif
