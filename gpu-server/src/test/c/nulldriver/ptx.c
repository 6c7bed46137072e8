/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds in PTX text what a module has: kernels with their parameters, and global variables. Nothing
 * else of the text is looked at.
 */
#include "null.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One word or sign; answers where it ends. Comments are skipped. */
static const char *token(const char *at, char word[128])
{
    word[0] = '\0';
    while (*at != '\0') {
        if (isspace((unsigned char)*at)) {
            at++;
        } else if (at[0] == '/' && at[1] == '/') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end == NULL ? at + strlen(at) : end + 2;
        } else {
            break;
        }
    }
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || (at[length] != '\0' && strchr("_$.%", at[length]) != NULL)) {
        length++;
    }
    if (length == 0 && *at != '\0') {
        length = 1;
    }
    snprintf(word, 128, "%.*s", (int)(length < 127 ? length : 127), at);
    return at + length;
}

static uint64_t type_bytes(const char *word)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } types[] = {{".u8", 1},  {".s8", 1},  {".b8", 1},  {".u16", 2}, {".s16", 2}, {".b16", 2}, {".f16", 2},
                 {".u32", 4}, {".s32", 4}, {".b32", 4}, {".f32", 4}, {".u64", 8}, {".s64", 8}, {".b64", 8},
                 {".f64", 8}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, word) == 0) {
            return types[i].bytes;
        }
    }
    return 0;
}

/* A declaration of a variable: alignment, type, name and length, up to what follows. */
static const char *declaration(const char *at, char name[128], uint64_t *align, uint64_t *bytes)
{
    char word[128];
    uint64_t unit = 0;
    uint64_t count = 1;
    *align = 0;
    name[0] = '\0';
    for (;;) {
        const char *next = token(at, word);
        if (word[0] == '\0' || strchr(",);={", word[0]) != NULL) {
            break;
        }
        at = next;
        if (strcmp(word, ".align") == 0) {
            at = token(at, word);
            if (unit == 0) {
                *align = strtoul(word, NULL, 10);
            }
        } else if (strcmp(word, "[") == 0) {
            at = token(at, word);
            count *= strtoul(word, NULL, 10);
        } else if (type_bytes(word) != 0) {
            unit = type_bytes(word);
        } else if (word[0] != '.' && word[0] != ']' && name[0] == '\0') {
            memcpy(name, word, 128);
        }
    }
    *bytes = unit * count;
    *align = *align > unit ? *align : unit;
    return at;
}

static const char *kernel(struct null_module *module, const char *at)
{
    char word[128];
    struct null_function *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        abort();
    }
    at = token(at, word);
    made->name = strdup(word);
    made->module = module;
    made->dynamic_shared_max = 49152;
    made->next = module->functions;
    module->functions = made;
    const char *next = token(at, word);
    if (strcmp(word, "(") != 0) {
        return at;
    }
    uint64_t offset = 0;
    at = next;
    while (word[0] != ')' && word[0] != '\0') {
        at = token(at, word);
        if (strcmp(word, ".param") == 0 && made->parameter_count < NULL_PARAMETERS_MAX) {
            char name[128];
            uint64_t align;
            uint64_t bytes;
            at = declaration(at, name, &align, &bytes);
            offset = align == 0 ? offset : (offset + align - 1) / align * align;
            made->offsets[made->parameter_count] = offset;
            made->sizes[made->parameter_count++] = bytes;
            offset += bytes;
        }
    }
    return at;
}

static const char *variable(struct null_module *module, const char *at)
{
    char name[128];
    uint64_t align;
    uint64_t bytes;
    at = declaration(at, name, &align, &bytes);
    struct null_global *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        abort();
    }
    null_lock();
    made->memory = null_memory_allocate(bytes == 0 ? 1 : bytes);
    null_unlock();
    if (made->memory == 0) {
        abort();
    }
    memset((void *)(uintptr_t)made->memory, 0, bytes);
    made->name = strdup(name);
    made->bytes = bytes;
    made->next = module->globals;
    module->globals = made;
    return at;
}

bool null_ptx_read(struct null_module *module, const char *text)
{
    char word[128];
    bool is_ptx = false;
    int depth = 0;
    for (const char *at = token(text, word); word[0] != '\0'; at = token(at, word)) {
        is_ptx = is_ptx || strcmp(word, ".version") == 0;
        depth += word[0] == '{' ? 1 : word[0] == '}' ? -1 : 0;
        if (depth > 0) {
            continue;
        }
        if (strcmp(word, ".entry") == 0) {
            at = kernel(module, at);
        } else if (strcmp(word, ".global") == 0 || strcmp(word, ".const") == 0) {
            at = variable(module, at);
        }
    }
    return is_ptx;
}
