/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks up each line "name version flags" of a file, flags being cuGetProcAddress's, and prints the
 * symbol, or - and the status. A name that is "-" stands for the empty one.
 * Usage: symbols_test FILE
 */
#include "remora_symbols.h"

#include <stdio.h>
#include <string.h>

#define PER_THREAD_DEFAULT_STREAM 2

int main(int count, char **arguments)
{
    FILE *file = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (file == NULL) {
        return 2;
    }
    for (size_t i = 1; i < REMORA_SYMBOL_COUNT; i++) {
        if (strcmp(remora_symbols[i - 1].name, remora_symbols[i].name) > 0) {
            printf("not sorted: %s\n", remora_symbols[i].name);
            return 1;
        }
    }
    char name[128];
    int version;
    int flags;
    while (fscanf(file, "%127s %d %d", name, &version, &flags) == 3) {
        size_t index = REMORA_SYMBOL_COUNT;
        const char *wanted = strcmp(name, "-") == 0 ? "" : name;
        enum remora_symbol_status status = remora_find_symbol(
                wanted, version, (flags & PER_THREAD_DEFAULT_STREAM) != 0, &index);
        const char *symbol = index < REMORA_SYMBOL_COUNT ? remora_symbols[index].symbol : "-";
        printf("%s %d %d %s %d\n", name, version, flags, symbol, (int)status);
    }
    fclose(file);
    return 0;
}
