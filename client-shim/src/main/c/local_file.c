/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <stdio.h>
#include <string.h>

/* More than two paths and an address never need. */
#define FILE_BYTES_MAX 32768

/* Takes a text in double quotes with JSON's two simplest escapes apart; false if it is no such. */
static bool unquote(const char *text, char *out, size_t capacity)
{
    size_t length = 0;
    if (*text++ != '"') {
        return false;
    }
    for (; *text != '"'; text++) {
        if (*text == '\\') {
            text++;
            if (*text != '\\' && *text != '"') {
                return false;
            }
        }
        if (*text == 0 || length + 1 >= capacity) {
            return false;
        }
        out[length++] = *text;
    }
    out[length] = 0;
    return text[1] == 0;
}

struct field {
    const char *key;
    char *out;
    size_t capacity;
};

static bool read_line(char *line, const struct field *fields, size_t count)
{
    line[strcspn(line, "\r\n")] = 0;
    if (*line == 0 || *line == '#') {
        return true;
    }
    char *colon = strstr(line, ": ");
    if (colon == NULL) {
        return false;
    }
    *colon = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(line, fields[i].key) == 0) {
            return unquote(colon + 2, fields[i].out, fields[i].capacity);
        }
    }
    /* A later server may say more. */
    return true;
}

bool remora_local_file_read(const char *path, struct remora_settings_layer *out)
{
    const struct field fields[] = {
        {"server", out->server, sizeof out->server},
        {"token_file", out->token_file, sizeof out->token_file},
        {"ca", out->ca, sizeof out->ca},
        {"tls", out->tls, sizeof out->tls},
    };
    memset(out, 0, sizeof *out);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char line[REMORA_PATH_BYTES_MAX + 64];
    bool good = true;
    size_t total = 0;
    while (good && fgets(line, sizeof line, file) != NULL) {
        total += strlen(line);
        good = total <= FILE_BYTES_MAX && read_line(line, fields, sizeof fields / sizeof fields[0]);
    }
    good = good && !ferror(file) && out->server[0] != 0;
    fclose(file);
    if (!good) {
        memset(out, 0, sizeof *out);
    }
    return good;
}
