/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions for those slots of export tables of which nothing is known: each knows its table and
 * number, says once that it was called, and answers CUDA_ERROR_NOT_SUPPORTED.
 */
#ifndef REMORA_EXPORT_SLOTS_H
#define REMORA_EXPORT_SLOTS_H

#include "cuda_types.h"
#include "remora_stubs.h"

/* Words of a table, with the one that is its size. */
#define REMORA_TABLE_WORDS 16
#define REMORA_LARGE_TABLE_WORDS 95

enum remora_table {
    REMORA_TABLE_RUNTIME_INTERFACE,
    REMORA_TABLE_TOOL_CALLBACKS,
    REMORA_TABLE_THREAD_CONTEXT,
    REMORA_TABLE_CONTEXT_STORAGE,
    REMORA_TABLE_CONTEXT_CHECKS,
    REMORA_TABLE_INTEGRITY,
    REMORA_TABLE_CONTEXT_IDENTITY,
    REMORA_TABLE_LINEAR_ALGEBRA,
    REMORA_TABLE_MODULE_FUNCTIONS,
    /* Given out for every identifier that isn't known. */
    REMORA_TABLE_UNKNOWN,
    REMORA_TABLE_COUNT
};

/* The table's identifier in the usual form; of the unknown one a description. */
const char *remora_table_name(enum remora_table table);

/* The function for an unknown slot. */
remora_function remora_unknown_slot(enum remora_table table, size_t slot);

#endif
