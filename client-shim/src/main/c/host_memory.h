/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host memory that the program got from CUDA or registered with it. It never leaves this process;
 * what is kept of it says whether a copy may run behind the program's back, and answers questions
 * about pointers. Any thread.
 */
#ifndef REMORA_HOST_MEMORY_H
#define REMORA_HOST_MEMORY_H

#include "context.h"

/* For remora_host_memory_settled: every stream. */
#define REMORA_ALL_STREAMS UINT64_MAX

struct remora_host_range {
    uint8_t *start;
    size_t bytes;
    unsigned int flags;
    /* Registered, not allocated here. */
    bool registered;
    struct remora_context *context;
    /* Different for every range that a process has had. */
    uint64_t id;
};

/* Allocates; CUDA_ERROR_OUT_OF_MEMORY. */
CUresult remora_allocate_host(size_t bytes, unsigned int flags, struct remora_context *context,
                              void **memory);

/* Registers memory of the program's. CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED. */
CUresult remora_register_host(void *memory, size_t bytes, unsigned int flags,
                              struct remora_context *context);

/* Takes a range out by its start, and frees it if it was allocated. False if there is none such. */
bool remora_release_host(void *memory, bool registered);

/* The range in which an address lies. False if there is none. */
bool remora_find_host_range(const void *address, struct remora_host_range *range);

/* A download to the address is under way on a stream of the current context; nobody waits for it. */
void remora_host_memory_awaits(const void *address, uint64_t stream);

/*
 * Waits for the downloads to the range of an address that are under way, because the memory is
 * about to be read or freed.
 */
CUresult remora_settle_host_memory(const void *address);

/* A number for remora_host_memory_settled: of downloads that began until now. */
uint64_t remora_host_memory_mark(void);

/* What began in a context on a stream up to a mark is over. */
void remora_host_memory_settled(const struct remora_context *context, uint64_t stream,
                                uint64_t mark);

/* In a fork's child: see remora_forget_session. The memory itself remains. */
void remora_forget_host_memory(void);

#endif
