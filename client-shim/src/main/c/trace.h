/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process asked of its GPU, call by call: with REMORA_TRACE_FILE every exported function
 * leaves its name, its time, and what it cost. While nothing is traced a call pays one test. Any
 * thread.
 */
#ifndef REMORA_TRACE_H
#define REMORA_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cuda_types.h"

/* How the call table has a function. */
enum remora_trace_class {
    REMORA_TRACE_LOCAL,
    REMORA_TRACE_ASYNC,
    REMORA_TRACE_SYNC,
    /* Not in the table: it answers CUDA_ERROR_NOT_SUPPORTED. */
    REMORA_TRACE_NOT_FORWARDED,
    /* What the client does by itself in the program's thread, or runs for it. */
    REMORA_TRACE_OWN
};

/* What a thread's calls have cost so far; statistics.c counts it. */
struct remora_tally {
    uint64_t sent_calls;
    uint64_t sent_bytes;
    uint64_t received_bytes;
    uint64_t waits;
    uint64_t waited_nanos;
    /* Blocked because too much was under way. */
    uint64_t credit_nanos;
};

/* The calling thread's. */
struct remora_tally *remora_tally(void);

/* Where a call began. */
struct remora_trace_mark {
    int64_t start;
    struct remora_tally before;
};

/* Whether calls are traced. Once begun it only ends, when the trace can't be written. */
extern atomic_bool remora_tracing;

/* Begins a call's time. Only while calls are traced, as the next. */
struct remora_trace_mark remora_trace_enter(void);

/* Ends it; `name` is a literal. Gives back the result. */
CUresult remora_trace_leave(const struct remora_trace_mark *mark, const char *name,
                            enum remora_trace_class kind, CUresult result);

#endif
