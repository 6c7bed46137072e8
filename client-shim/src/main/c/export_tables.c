/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cuGetExportTable: the driver's internal tables, by which the CUDA runtime and its libraries reach
 * what has no documented function. See docs/compatibility.md.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "export_functions.h"
#include "export_slots.h"
#include "integrity.h"
#include "remora_by_hand.h"

/* The first word is the table's size in bytes, but for the context-local storage. */
union word {
    size_t bytes;
    remora_function function;
};

struct known_table {
    const char *name;
    union word *words;
    size_t count;
    bool begins_with_size;
};

static union word runtime_interface[REMORA_TABLE_WORDS];
static union word tool_callbacks[REMORA_TABLE_WORDS];
static union word thread_context[REMORA_TABLE_WORDS];
static union word context_storage[REMORA_TABLE_WORDS];
static union word context_checks[REMORA_TABLE_WORDS];
static union word integrity[REMORA_TABLE_WORDS];
static union word context_identity[REMORA_LARGE_TABLE_WORDS];
static union word linear_algebra[REMORA_TABLE_WORDS];
static union word module_functions[REMORA_TABLE_WORDS];
static union word unknown[REMORA_LARGE_TABLE_WORDS];

static const struct known_table tables[REMORA_TABLE_COUNT] = {
    [REMORA_TABLE_RUNTIME_INTERFACE] = {"6bd5fb6c-5bf4-e74a-8987-d93912fd9df9", runtime_interface,
                                        REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_TOOL_CALLBACKS] = {"a094798c-2e74-2e74-93f2-0800200c0a66", tool_callbacks,
                                     REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_THREAD_CONTEXT] = {"42d85a81-23f6-cb47-8298-f6e78a3aecdc", thread_context,
                                     REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_CONTEXT_STORAGE] = {"c693336e-1121-df11-a8c3-68f355d89593", context_storage,
                                      REMORA_TABLE_WORDS, false},
    [REMORA_TABLE_CONTEXT_CHECKS] = {"263e8860-7cd2-6143-92f6-bbd5006dfa7e", context_checks,
                                     REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_INTEGRITY] = {"d4082055-bde6-704b-8d34-ba123c66e1f2", integrity,
                                REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_CONTEXT_IDENTITY] = {"21318c60-9714-3248-8ca6-41ff7324c8f2", context_identity,
                                       REMORA_LARGE_TABLE_WORDS, true},
    [REMORA_TABLE_LINEAR_ALGEBRA] = {"1734dc26-800d-4745-8726-c0f1e7dd8bca", linear_algebra,
                                     REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_MODULE_FUNCTIONS] = {"6e163fbe-b958-444d-835c-e182aff1991e", module_functions,
                                       REMORA_TABLE_WORDS, true},
    [REMORA_TABLE_UNKNOWN] = {"(an unknown one)", unknown, REMORA_LARGE_TABLE_WORDS, true},
};

/* Asked for by the runtime and by libraries that do without them, so nobody needs to be told. */
static const char *const dispensable[] = {
    "f8cff951-2146-8b4e-b9e2-fb469e7c0dd9",
    "da9151d3-3ae6-cc41-a5c0-4f26d533e328",
};

/* Remora's own: whoever has loaded a libcuda.so.1 and gets this table has loaded Remora's. */
static const char remora_client[] = "72656d6f-7261-2d63-6c69-656e74000001";
static const char *const remora_client_table[] = {REMORA_VERSION};

static CUresult check_integrity(uint32_t version, uint64_t unix_seconds, uint64_t answer[2])
{
    return remora_integrity_check(version, unix_seconds, answer, runtime_interface, integrity);
}

static const struct {
    enum remora_table table;
    size_t slot;
    remora_function function;
} known[] = {
    {REMORA_TABLE_RUNTIME_INTERFACE, 2, (remora_function)remora_export_primary_context},
    {REMORA_TABLE_TOOL_CALLBACKS, 2, (remora_function)remora_export_tool_hooks},
    {REMORA_TABLE_TOOL_CALLBACKS, 6, (remora_function)remora_export_tool_flags},
    {REMORA_TABLE_THREAD_CONTEXT, 2, (remora_function)remora_export_current_context},
    {REMORA_TABLE_CONTEXT_STORAGE, 0, (remora_function)remora_export_storage_put},
    {REMORA_TABLE_CONTEXT_STORAGE, 1, (remora_function)remora_export_storage_delete},
    {REMORA_TABLE_CONTEXT_STORAGE, 2, (remora_function)remora_export_storage_get},
    {REMORA_TABLE_CONTEXT_CHECKS, 2, (remora_function)remora_export_check_context},
    {REMORA_TABLE_CONTEXT_CHECKS, 3, (remora_function)remora_export_check_nothing},
    {REMORA_TABLE_INTEGRITY, 1, (remora_function)check_integrity},
    {REMORA_TABLE_CONTEXT_IDENTITY, 4, (remora_function)remora_export_context_id},
    {REMORA_TABLE_LINEAR_ALGEBRA, 4, (remora_function)remora_export_no_algebra},
    {REMORA_TABLE_MODULE_FUNCTIONS, 7, (remora_function)remora_export_visit_functions},
};

const char *remora_table_name(enum remora_table table)
{
    return tables[table].name;
}

static void fill(void)
{
    for (int i = 0; i < REMORA_TABLE_COUNT; i++) {
        for (size_t slot = 0; slot < tables[i].count; slot++) {
            tables[i].words[slot].function = remora_unknown_slot((enum remora_table)i, slot);
        }
        if (tables[i].begins_with_size) {
            tables[i].words[0].bytes = tables[i].count * sizeof(union word);
        }
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        tables[known[i].table].words[known[i].slot].function = known[i].function;
    }
}

/* The usual form of an identifier, of which the bytes are in the order of the text. */
static void write_name(const CUuuid *id, char name[37])
{
    char *at = name;
    for (size_t i = 0; i < sizeof(id->bytes); i++) {
        at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                      (unsigned int)(unsigned char)id->bytes[i]);
    }
}

CUresult remora_cuGetExportTable(const void **pp_export_table, const CUuuid *p_export_table_id)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pp_export_table == NULL || p_export_table_id == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    pthread_once(&once, fill);
    char name[37];
    write_name(p_export_table_id, name);
    if (strcmp(name, remora_client) == 0) {
        *pp_export_table = remora_client_table;
        return CUDA_SUCCESS;
    }
    for (int i = 0; i < REMORA_TABLE_UNKNOWN; i++) {
        if (strcmp(tables[i].name, name) == 0) {
            *pp_export_table = tables[i].words;
            return CUDA_SUCCESS;
        }
    }
    for (size_t i = 0; i < sizeof(dispensable) / sizeof(dispensable[0]); i++) {
        if (strcmp(dispensable[i], name) == 0) {
            *pp_export_table = NULL;
            return CUDA_ERROR_NOT_FOUND;
        }
    }
    remora_say_once(name,
                    "the program asks for the driver's internal table %s, which Remora doesn't "
                    "have; it gets CUDA_ERROR_NOT_FOUND",
                    name);
    /* Some callers don't look at the result; better an answer from each function than a crash. */
    *pp_export_table = unknown;
    return CUDA_ERROR_NOT_FOUND;
}
