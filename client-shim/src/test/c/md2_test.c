/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints digests in hexadecimal: of each argument by MD2, and with "-k KEY TEXT" by HMAC-MD2. Each
 * is computed in pieces of every size as well, which must not change it.
 */
#include <string.h>

#include "expect.h"
#include "md2.h"

static void print(const uint8_t digest[REMORA_MD2_BYTES])
{
    for (size_t i = 0; i < REMORA_MD2_BYTES; i++) {
        printf("%02x", digest[i]);
    }
    printf("\n");
}

static void print_md2(const char *text)
{
    uint8_t whole[REMORA_MD2_BYTES];
    struct remora_md2 md2;
    size_t length = strlen(text);
    remora_md2_init(&md2);
    remora_md2_update(&md2, text, length);
    remora_md2_final(&md2, whole);
    for (size_t piece = 1; piece <= length; piece++) {
        uint8_t digest[REMORA_MD2_BYTES];
        remora_md2_init(&md2);
        for (size_t at = 0; at < length; at += piece) {
            remora_md2_update(&md2, text + at, piece < length - at ? piece : length - at);
        }
        remora_md2_final(&md2, digest);
        EXPECT(memcmp(whole, digest, sizeof(whole)) == 0);
    }
    print(whole);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "-k") == 0 && i + 2 < count) {
            uint8_t digest[REMORA_MD2_BYTES];
            const char *key = arguments[i + 1];
            const char *text = arguments[i + 2];
            remora_hmac_md2(key, strlen(key), text, strlen(text), digest);
            print(digest);
            i += 2;
        } else {
            print_md2(arguments[i]);
        }
    }
    return 0;
}
