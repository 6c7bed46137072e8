/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed_twin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "managed.h"
#include "remora_by_hand.h"

/* Long enough for everything but the name. */
#define MAPPING_LINE_BYTES 256

static uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Memory of which other processes see nothing, that isn't run, and can be written. */
static bool is_plain(const char *permissions, const char *rest)
{
    return strncmp(permissions, "rw-p", 4) == 0 && strstr(rest, "[stack") == NULL;
}

/* Whether all of [start, end) is such memory, as the system says. */
static bool is_private(uint64_t start, uint64_t end)
{
    char line[MAPPING_LINE_BYTES];
    FILE *mappings = fopen("/proc/self/maps", "re");
    uint64_t at = start;
    bool plain = mappings != NULL;
    while (plain && at < end && fgets(line, sizeof(line), mappings) != NULL) {
        unsigned long long from;
        unsigned long long to;
        char permissions[5];
        /* What is longer than a line's room are names, which don't look like this. */
        if (sscanf(line, "%llx-%llx %4s", &from, &to, permissions) == 3 && to > at) {
            plain = from <= at && is_plain(permissions, line);
            at = to;
        }
    }
    if (mappings != NULL) {
        fclose(mappings);
    }
    return plain && at >= end;
}

/* Why memory can't have a twin; NULL if it can. */
static const char *obstacle(const struct remora_host_range *host, uint64_t bytes,
                            const struct remora_context *context)
{
    uint64_t start = (uint64_t)(uintptr_t)host->start;
    uint64_t here = (uint64_t)(uintptr_t)&host;
    uint64_t page = page_bytes();
    if (!remora_can_manage(context->device)) {
        return "the addresses of device memory are not free in this process";
    }
    if (start % page != 0 || bytes % page != 0) {
        return "it shares pages with other memory, which would be taken away from the program "
               "together with it: begin it at a page and let it end at one (posix_memalign, mmap), "
               "or allocate it with cuMemHostAlloc (cudaHostAlloc)";
    }
    if (here - start < bytes || !is_private(start, start + bytes)) {
        return "it isn't private memory of this process that can be read and written, but shared "
               "with a file or other processes, a stack, or code: use other memory";
    }
    return NULL;
}

static CUresult refuse(const char *why)
{
    remora_say_once("twin refused", "cuMemHostGetDevicePointer: kernels can't use this memory: %s",
                    why);
    return CUDA_ERROR_NOT_SUPPORTED;
}

static CUresult make(const struct remora_host_range *host, uint64_t bytes,
                     struct remora_context *context)
{
    uint64_t page = page_bytes();
    CUdeviceptr allocation;
    CUresult result = remora_settle_host_memory(host->start);
    if (result == CUDA_SUCCESS) {
        result = remora_cuMemAlloc(&allocation, bytes + page);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_managed_range range = {
        .kind = REMORA_MANAGED_TWIN,
        .start = (allocation + page - 1) / page * page,
        .program = (uint64_t)(uintptr_t)host->start,
        .bytes = bytes,
        .flags = host->flags,
        .allocation = allocation,
        .context = context,
        .advice = {.preferred = {.type = CU_MEM_LOCATION_TYPE_INVALID},
                   .prefetched = {.type = CU_MEM_LOCATION_TYPE_INVALID}},
    };
    result = remora_managed_add(&range, false);
    if (result != CUDA_SUCCESS) {
        remora_cuMemFree(allocation);
    }
    /* Another thread may have been faster. */
    return result == CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED ? CUDA_SUCCESS : result;
}

CUresult remora_twin_of(const struct remora_host_range *host, struct remora_context *context,
                        CUdeviceptr *address)
{
    struct remora_managed_range range;
    uint64_t start = (uint64_t)(uintptr_t)host->start;
    uint64_t page = page_bytes();
    /* What was allocated has its pages to itself. */
    uint64_t bytes = host->registered ? host->bytes : (host->bytes + page - 1) / page * page;
    if (!remora_managed_find(start, &range)) {
        const char *why = obstacle(host, bytes, context);
        CUresult result = why == NULL ? make(host, bytes, context) : refuse(why);
        if (result != CUDA_SUCCESS) {
            return result;
        }
    }
    if (!remora_managed_find(start, &range) || range.program != start) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (range.context->device != context->device) {
        return refuse("those of another device use it already");
    }
    *address = range.start;
    return CUDA_SUCCESS;
}

CUresult remora_twin_ends(const struct remora_host_range *host)
{
    struct remora_managed_range range;
    bool found;
    CUresult result = remora_managed_give_back(host->start, &range, &found);
    if (found) {
        CUresult freed = remora_cuMemFree(range.allocation);
        result = result == CUDA_SUCCESS ? freed : result;
    }
    return result;
}
