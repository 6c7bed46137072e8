/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a trace: an array of trace events in JSON, as Chrome defined them and Perfetto opens
 * them. All processes of a command write into one file, and it is a whole array after every write.
 */
#ifndef REMORA_TRACE_FILE_H
#define REMORA_TRACE_FILE_H

#include "trace.h"

struct remora_trace_event {
    const char *name;
    enum remora_trace_class kind;
    int64_t start;
    int64_t nanos;
    CUresult result;
    struct remora_tally cost;
};

struct remora_trace_thread {
    long process;
    long number;
    char name[16];
    /* Whether the file has its name, and that of the process. */
    bool named;
};

/* The calling thread. */
struct remora_trace_thread remora_trace_thread_self(void);

/* Whether REMORA_TRACE_FILE names one. */
bool remora_trace_file_wanted(void);

/* Writes events of one thread. False, after a line for people, if that isn't possible any more. */
bool remora_trace_file_append(struct remora_trace_thread *thread,
                              const struct remora_trace_event *events, size_t count);

void remora_trace_file_after_fork(void);

#endif
