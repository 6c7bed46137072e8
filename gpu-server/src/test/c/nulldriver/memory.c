/* SPDX-License-Identifier: Apache-2.0
 *
 * Device memory that is given out whole, and pinned host memory.
 */
#include "null.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct allocation {
    struct allocation *next;
    CUdeviceptr address;
    uint64_t bytes;
} *allocations;
static uint64_t used;

uint64_t null_memory_total(void)
{
    return null_setting("NULLCUDA_MEMORY", 1UL << 30);
}

uint64_t null_memory_free(void)
{
    return null_memory_total() - used;
}

bool null_memory_take(uint64_t bytes)
{
    if (bytes > null_memory_free()) {
        return false;
    }
    used += bytes;
    return true;
}

void null_memory_give_back(uint64_t bytes)
{
    used -= bytes;
}

bool null_memory_is_valid(CUdeviceptr address, uint64_t bytes)
{
    for (struct allocation *each = allocations; each != NULL; each = each->next) {
        if (address >= each->address && bytes <= each->bytes
            && address - each->address <= each->bytes - bytes) {
            return true;
        }
    }
    return null_mapped(address, bytes);
}

EXPORT CUresult cuMemGetInfo_v2(size_t *free, size_t *total);
EXPORT CUresult cuMemGetInfo_v2(size_t *free, size_t *total)
{
    NULL_CALL(cuMemGetInfo_v2)
    null_lock();
    *free = null_memory_free();
    *total = null_memory_total();
    null_unlock();
    return CUDA_SUCCESS;
}

CUdeviceptr null_memory_allocate(uint64_t bytes)
{
    struct allocation *made = malloc(sizeof(*made));
    if (made == NULL || !null_memory_take(bytes)) {
        free(made);
        return 0;
    }
    void *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        abort();
    }
    /* As on a GPU, what was there before is still there: here it is rubbish. */
    memset(memory, 0xa5, bytes < 65536 ? bytes : 65536);
    *made = (struct allocation){allocations, (CUdeviceptr)(uintptr_t)memory, bytes};
    allocations = made;
    return made->address;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
    NULL_CALL(cuMemAlloc_v2)
    if (bytes == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    null_lock();
    *address = null_memory_allocate(bytes);
    null_unlock();
    return *address == 0 ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult null_memory_release(CUdeviceptr address)
{
    for (struct allocation **at = &allocations; *at != NULL; at = &(*at)->next) {
        struct allocation *found = *at;
        if (found->address == address) {
            *at = found->next;
            munmap((void *)(uintptr_t)address, found->bytes);
            null_memory_give_back(found->bytes);
            free(found);
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address);
EXPORT CUresult cuMemFree_v2(CUdeviceptr address)
{
    NULL_CALL(cuMemFree_v2)
    null_lock();
    CUresult result = null_memory_release(address);
    null_unlock();
    return result;
}

void null_memory_forget(void)
{
    while (allocations != NULL) {
        null_memory_release(allocations->address);
    }
}

EXPORT CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags);
EXPORT CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags)
{
    NULL_CALL(cuMemHostAlloc)
    (void)flags;
    *memory = malloc(bytes);
    return *memory == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

EXPORT CUresult cuMemFreeHost(void *memory);
EXPORT CUresult cuMemFreeHost(void *memory)
{
    NULL_CALL(cuMemFreeHost)
    free(memory);
    return CUDA_SUCCESS;
}
