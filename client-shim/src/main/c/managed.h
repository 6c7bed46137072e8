/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that both the program and its kernels use at one address: managed memory, mapped host
 * memory, and managed variables of modules. It lies in the session's slab on the server, and the
 * client maps memory of its own at the same addresses, which it has reserved. Each page has the
 * newest bytes on one side or on both. What the program has written goes to the server before work
 * that may read it, and then the pages are taken away from the program; when it touches one, the
 * fault waits for the work and brings the bytes. Any thread.
 *
 * Host memory that the program has elsewhere can be the program's side of such a range as well: it
 * stays where it is, and kernels have a twin of it in the slab.
 */
#ifndef REMORA_MANAGED_H
#define REMORA_MANAGED_H

#include "context.h"

enum remora_managed_kind {
    REMORA_MANAGED_MEMORY,
    /* Of cuMemHostAlloc: the program takes it for host memory. */
    REMORA_MANAGED_HOST_MEMORY,
    /* Belongs to a module. */
    REMORA_MANAGED_VARIABLE,
    /* Host memory at an address of its own; whole pages. */
    REMORA_MANAGED_TWIN
};

/* What cuMemAdvise and cuMemPrefetchAsync have said. */
struct remora_managed_advice {
    bool read_mostly;
    CUmemLocation preferred;
    CUmemLocation prefetched;
    /* Devices by bits, and the host. */
    uint64_t accessed_by;
    bool accessed_by_host;
};

struct remora_managed_range {
    enum remora_managed_kind kind;
    /* Where kernels have it, and where the program does: elsewhere if it is a twin. */
    uint64_t start;
    uint64_t program;
    size_t bytes;
    /* Of cuMemHostAlloc or cuMemAllocManaged. */
    unsigned int flags;
    /* The server's allocation. */
    uint64_t allocation;
    /* The library that a variable belongs to; otherwise 0. */
    uint64_t owner;
    struct remora_context *context;
    /* Different for every range of a process, and from those of host memory. */
    uint64_t id;
    struct remora_managed_advice advice;
};

/* Whether a device's memory can be managed: its addresses are reserved in this process. */
bool remora_can_manage(CUdevice device);

/*
 * Makes memory of the server the program's as well; it begins at a page and has its pages to
 * itself. With `zeroed` the server has zeros there. What the program has in the place of a twin is
 * what both have then. CUDA_ERROR_OUT_OF_MEMORY, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED.
 */
CUresult remora_managed_add(const struct remora_managed_range *range, bool zeroed);

/* The range in which an address of either side lies. False if there is none; cheap without any. */
bool remora_managed_find(uint64_t address, struct remora_managed_range *range);

/* Whether a range of addresses touches managed ones. */
bool remora_is_managed(uint64_t address, uint64_t bytes);

/*
 * Where kernels have memory of the program's: there itself, but for twins. CUDA_ERROR_INVALID_VALUE
 * for memory that is partly a twin and partly something else.
 */
CUresult remora_managed_place(const void *host, uint64_t bytes, CUdeviceptr *address);

/*
 * Makes a twin that begins at an address of the program's its own memory again, with the newest
 * bytes, for which it waits. *found: there was one, and *range is what it was.
 */
CUresult remora_managed_give_back(const void *host, struct remora_managed_range *range,
                                  bool *found);

/* Takes the range that begins at an address from the program; false if there is none such. */
bool remora_managed_remove(uint64_t start, struct remora_managed_range *range);

/* Takes all variables of a library from the program. */
void remora_managed_library_ends(CUlibrary library);

/* Takes all ranges of a context from the program. */
void remora_managed_context_ends(const struct remora_context *context);

/* Changes what is kept of the range in which an address lies. */
void remora_managed_set_advice(uint64_t address, const struct remora_managed_advice *advice);

/*
 * Work of a context, by its handle on the wire, is about to be sent that may use any managed
 * memory: sends what the program has written, and takes the memory from it.
 */
CUresult remora_managed_before_work(uint64_t context);

/* As that, if the work is a copy and touches managed memory. */
CUresult remora_managed_before_copy(uint64_t address, uint64_t bytes);

/* The next fault brings the whole range, as far as the server has newer bytes. */
void remora_managed_fetch_whole(uint64_t address);

/*
 * A fault of the program: lets it go on if the address is managed memory. False if it isn't, or if
 * its bytes can't be brought, which one line has told.
 */
bool remora_managed_resolve(uint64_t address, bool writes);

/* In a fork's child: the memory isn't there. */
void remora_forget_managed(void);

#endif
