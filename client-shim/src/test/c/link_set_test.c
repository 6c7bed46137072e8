/* SPDX-License-Identifier: Apache-2.0 */
/* The image of a link, byte by byte where docs/protocol.md says what it is. */
#include <string.h>

#include "expect.h"
#include "link_set.h"

static uint64_t number(const uint8_t *bytes, size_t at, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, bytes + at, size);
    return value;
}

static void every_input_has_an_entry(void)
{
    struct remora_link_set set;
    remora_link_set_init(&set);
    EXPECT(remora_link_set_add(&set, "first.ptx", "0123456789", 10));
    EXPECT(remora_link_set_add(&set, "", "x", 1));
    EXPECT(remora_link_set_image(&set));
    const uint8_t *image = set.image;
    EXPECT(set.image_bytes == 16 + 64 + 16 + 16 + 64 + 8);
    EXPECT(number(image, 0, 4) == 0xba55ed50u && number(image, 4, 2) == 1);
    EXPECT(number(image, 6, 2) == 16 && number(image, 8, 8) == set.image_bytes - 16);
    const uint8_t *entry = image + 16;
    EXPECT(number(entry, 0, 2) == 0x5250 && number(entry, 2, 2) == 0x0101);
    EXPECT(number(entry, 4, 4) == 80 && number(entry, 8, 8) == 16);
    EXPECT(number(entry, 32, 4) == 64 && number(entry, 36, 4) == 9);
    EXPECT(number(entry, 40, 8) == 0 && number(entry, 56, 8) == 10);
    EXPECT(memcmp(entry + 64, "first.ptx\0\0\0\0\0\0\0", 16) == 0);
    EXPECT(memcmp(entry + 80, "0123456789\0\0\0\0\0\0", 16) == 0);
    entry += 96;
    EXPECT(number(entry, 4, 4) == 64 && number(entry, 8, 8) == 8 && number(entry, 56, 8) == 1);
    EXPECT(memcmp(entry + 64, "x\0\0\0\0\0\0\0", 8) == 0);
    remora_link_set_free(&set);
}

static void long_names_are_cut_and_long_links_refused(void)
{
    struct remora_link_set set;
    char name[3000];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    remora_link_set_init(&set);
    EXPECT(remora_link_set_add(&set, name, "x", 1));
    EXPECT(!remora_link_set_add(&set, "", "x", REMORA_LINK_BYTES_MAX - 1180));
    EXPECT(!remora_link_set_add(&set, "", "x", SIZE_MAX));
    EXPECT(remora_link_set_image(&set));
    EXPECT(set.image_bytes == 16 + 64 + 1024 + 8);
    remora_link_set_free(&set);
}

int main(void)
{
    every_input_has_an_entry();
    long_names_are_cut_and_long_links_refused();
    printf("PASS\n");
    return 0;
}
