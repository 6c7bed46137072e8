/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_key.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define VARIABLE "REMORA_RUNTIME_KEY_FILE"
#define KIND "runtime key"

/* Room for the digits, white space around them, and a zero. */
#define TEXT_MAX 128

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse(const char *text, uint8_t key[REMORA_RUNTIME_KEY_BYTES])
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    for (size_t i = 0; i < REMORA_RUNTIME_KEY_BYTES; i++) {
        int high = digit(text[0]);
        int low = high < 0 ? -1 : digit(text[1]);
        if (low < 0) {
            return false;
        }
        key[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return *text == '\0';
}

bool remora_runtime_key(uint8_t key[REMORA_RUNTIME_KEY_BYTES])
{
    const char *name = getenv(VARIABLE);
    if (name == NULL || name[0] == '\0') {
        remora_say_once(KIND, "this program uses the CUDA runtime, which accepts only a driver that "
                              "knows its key; name a file with the key in " VARIABLE
                              ", see docs/compatibility.md");
        return false;
    }
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        remora_say_once(KIND, "can't read %s, which " VARIABLE " names: %s; see "
                              "docs/compatibility.md", name, strerror(errno));
        return false;
    }
    char text[TEXT_MAX];
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    bool valid = parse(text, key);
    if (!valid) {
        remora_say_once(KIND, "%s, which " VARIABLE " names, must hold 32 hexadecimal digits; see "
                              "docs/compatibility.md", name);
    }
    return valid;
}
