/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map beside a plain array, through many random changes.
 * Usage: handle_map_test SEED
 */
#define _POSIX_C_SOURCE 200809L

#include <stdint.h>

#include "expect.h"
#include "handle_map.h"

/* Few enough that handles often meet. */
#define HANDLES 400
#define CHANGES 200000

static struct remora_handle_map map = REMORA_HANDLE_MAP_INITIALIZER;
static int objects[HANDLES];
static bool present[HANDLES];

/* xorshift64. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Neighbours, and numbers far apart with the same low bits. */
static uint64_t handle_of(size_t i)
{
    return i % 2 == 0 ? 65536 + i : (uint64_t)(i + 1) << 32;
}

static bool is_multiple(const void *object, const void *what)
{
    return *(const int *)object % *(const int *)what == 0;
}

static void check_all(void)
{
    size_t count = 0;
    for (size_t i = 0; i < HANDLES; i++) {
        void *found = remora_handle_map_get(&map, handle_of(i));
        EXPECT(found == (present[i] ? &objects[i] : NULL));
        count += present[i];
    }
    EXPECT(map.count == count);
}

int main(int count, char **arguments)
{
    EXPECT(count == 2);
    uint64_t state = strtoull(arguments[1], NULL, 10) | 1;
    int copied = -1;
    const int thirteen = 13;
    EXPECT(remora_handle_map_get(&map, 5) == NULL);
    EXPECT(remora_handle_map_remove(&map, 5) == NULL);
    EXPECT(remora_handle_map_find(&map, is_multiple, &thirteen) == NULL);
    for (int i = 0; i < HANDLES; i++) {
        objects[i] = i;
    }
    for (int change = 0; change < CHANGES; change++) {
        size_t i = next(&state) % HANDLES;
        if (next(&state) % 2 == 0) {
            EXPECT(remora_handle_map_put(&map, handle_of(i), &objects[i]));
            present[i] = true;
            EXPECT(remora_handle_map_copy(&map, handle_of(i), &copied, sizeof(copied)));
            EXPECT(copied == (int)i);
        } else {
            void *taken = remora_handle_map_remove(&map, handle_of(i));
            EXPECT(taken == (present[i] ? &objects[i] : NULL));
            present[i] = false;
            EXPECT(!remora_handle_map_copy(&map, handle_of(i), &copied, sizeof(copied)));
        }
        if (change % 1000 == 0) {
            check_all();
        }
    }
    int *taken;
    while ((taken = remora_handle_map_take(&map, is_multiple, &thirteen)) != NULL) {
        EXPECT(*taken % thirteen == 0 && present[*taken]);
        present[*taken] = false;
    }
    for (size_t i = 0; i < HANDLES; i += thirteen) {
        EXPECT(!present[i]);
    }
    check_all();
    free(map.entries);
    remora_handle_map_forget(&map);
    EXPECT(remora_handle_map_get(&map, handle_of(1)) == NULL);
    printf("PASS\n");
    return 0;
}
