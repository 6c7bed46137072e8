/* SPDX-License-Identifier: Apache-2.0 */
#include "export_slots.h"

#include <stdio.h>

#include "client.h"

static CUresult unknown(enum remora_table table, unsigned int slot)
{
    char kind[64];
    const char *name = remora_table_name(table);
    snprintf(kind, sizeof(kind), "%s/%u", name, slot);
    remora_say_once(kind,
                    "the program calls function %u of the driver's internal table %s, which Remora "
                    "doesn't have; it gets CUDA_ERROR_NOT_SUPPORTED",
                    slot, name);
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* Callers pass arguments that these functions don't look at. */
#define DEFINE(table, slot)                                                                        \
    static CUresult table##_##slot(void)                                                           \
    {                                                                                              \
        return unknown(table, slot);                                                               \
    }

#define ADDRESS(table, slot) (remora_function)table##_##slot,

#define TEN(what, table, tens)                                                                     \
    what(table, tens##0) what(table, tens##1) what(table, tens##2) what(table, tens##3)            \
    what(table, tens##4) what(table, tens##5) what(table, tens##6) what(table, tens##7)            \
    what(table, tens##8) what(table, tens##9)

#define SIXTEEN(what, table)                                                                       \
    TEN(what, table, )                                                                             \
    what(table, 10) what(table, 11) what(table, 12) what(table, 13) what(table, 14) what(table, 15)

#define NINETY_FIVE(what, table)                                                                   \
    TEN(what, table, ) TEN(what, table, 1) TEN(what, table, 2) TEN(what, table, 3)                 \
    TEN(what, table, 4) TEN(what, table, 5) TEN(what, table, 6) TEN(what, table, 7)                \
    TEN(what, table, 8)                                                                            \
    what(table, 90) what(table, 91) what(table, 92) what(table, 93) what(table, 94)

#define TABLE(table)                                                                               \
    SIXTEEN(DEFINE, table)                                                                         \
    static const remora_function table##_slots[] = {SIXTEEN(ADDRESS, table)};

#define LARGE_TABLE(table)                                                                         \
    NINETY_FIVE(DEFINE, table)                                                                     \
    static const remora_function table##_slots[] = {NINETY_FIVE(ADDRESS, table)};

TABLE(REMORA_TABLE_RUNTIME_INTERFACE)
TABLE(REMORA_TABLE_TOOL_CALLBACKS)
TABLE(REMORA_TABLE_THREAD_CONTEXT)
TABLE(REMORA_TABLE_CONTEXT_STORAGE)
TABLE(REMORA_TABLE_CONTEXT_CHECKS)
TABLE(REMORA_TABLE_INTEGRITY)
LARGE_TABLE(REMORA_TABLE_CONTEXT_IDENTITY)
TABLE(REMORA_TABLE_LINEAR_ALGEBRA)
TABLE(REMORA_TABLE_MODULE_FUNCTIONS)
LARGE_TABLE(REMORA_TABLE_UNKNOWN)

remora_function remora_unknown_slot(enum remora_table table, size_t slot)
{
    static const remora_function *const slots[REMORA_TABLE_COUNT] = {
        [REMORA_TABLE_RUNTIME_INTERFACE] = REMORA_TABLE_RUNTIME_INTERFACE_slots,
        [REMORA_TABLE_TOOL_CALLBACKS] = REMORA_TABLE_TOOL_CALLBACKS_slots,
        [REMORA_TABLE_THREAD_CONTEXT] = REMORA_TABLE_THREAD_CONTEXT_slots,
        [REMORA_TABLE_CONTEXT_STORAGE] = REMORA_TABLE_CONTEXT_STORAGE_slots,
        [REMORA_TABLE_CONTEXT_CHECKS] = REMORA_TABLE_CONTEXT_CHECKS_slots,
        [REMORA_TABLE_INTEGRITY] = REMORA_TABLE_INTEGRITY_slots,
        [REMORA_TABLE_CONTEXT_IDENTITY] = REMORA_TABLE_CONTEXT_IDENTITY_slots,
        [REMORA_TABLE_LINEAR_ALGEBRA] = REMORA_TABLE_LINEAR_ALGEBRA_slots,
        [REMORA_TABLE_MODULE_FUNCTIONS] = REMORA_TABLE_MODULE_FUNCTIONS_slots,
        [REMORA_TABLE_UNKNOWN] = REMORA_TABLE_UNKNOWN_slots,
    };
    return slots[table][slot];
}
