/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual memory management: address space that is reserved once, and memory that is mapped into it.
 * A mapping is taken away whole, as on a GPU.
 */
#include "null.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of each granule: what is mapped there. */
enum { NOTHING, FIRST_OF_MAPPING, MORE_OF_MAPPING };

static struct reservation {
    struct reservation *next;
    CUdeviceptr address;
    uint64_t bytes;
    uint64_t whole_address;
    uint64_t whole_bytes;
    unsigned char *granules;
    unsigned char *accessible;
} *reservations;

struct null_backing {
    int file;
    uint64_t bytes;
    int uses;
};

static struct reservation *reservation_of(CUdeviceptr address, uint64_t bytes)
{
    for (struct reservation *each = reservations; each != NULL; each = each->next) {
        if (address >= each->address && bytes <= each->bytes
            && address - each->address <= each->bytes - bytes) {
            return each;
        }
    }
    return NULL;
}

bool null_mapped(CUdeviceptr address, uint64_t bytes)
{
    struct reservation *in = reservation_of(address, bytes);
    if (in == NULL) {
        return false;
    }
    uint64_t last = (address + (bytes == 0 ? 0 : bytes - 1) - in->address) / NULL_GRANULE_BYTES;
    for (uint64_t i = (address - in->address) / NULL_GRANULE_BYTES; i <= last; i++) {
        if (in->granules[i] == NOTHING || !in->accessible[i]) {
            return false;
        }
    }
    return true;
}

EXPORT CUresult cuMemGetAllocationGranularity(size_t *bytes, const void *properties, int option);
EXPORT CUresult cuMemGetAllocationGranularity(size_t *bytes, const void *properties, int option)
{
    NULL_CALL(cuMemGetAllocationGranularity)
    (void)properties;
    (void)option;
    *bytes = NULL_GRANULE_BYTES;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAddressReserve(CUdeviceptr *address, size_t bytes, size_t alignment,
                                    CUdeviceptr hint, unsigned long long flags);
EXPORT CUresult cuMemAddressReserve(CUdeviceptr *address, size_t bytes, size_t alignment,
                                    CUdeviceptr hint, unsigned long long flags)
{
    NULL_CALL(cuMemAddressReserve)
    if (bytes == 0 || bytes % NULL_GRANULE_BYTES != 0 || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    uint64_t align = alignment < NULL_GRANULE_BYTES ? NULL_GRANULE_BYTES : alignment;
    struct reservation *made = calloc(1, sizeof(*made));
    /* A hint that is free and aligned is where the memory comes to be. */
    void *whole = mmap((void *)(uintptr_t)hint, bytes + align, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == NULL || whole == MAP_FAILED) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->whole_address = (uint64_t)(uintptr_t)whole;
    made->whole_bytes = bytes + align;
    made->address = (made->whole_address + align - 1) & ~(align - 1);
    made->bytes = bytes;
    made->granules = calloc(bytes / NULL_GRANULE_BYTES, 1);
    made->accessible = calloc(bytes / NULL_GRANULE_BYTES, 1);
    if (made->granules == NULL || made->accessible == NULL) {
        abort();
    }
    *address = made->address;
    null_lock();
    made->next = reservations;
    reservations = made;
    null_unlock();
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAddressFree(CUdeviceptr address, size_t bytes);
EXPORT CUresult cuMemAddressFree(CUdeviceptr address, size_t bytes)
{
    NULL_CALL(cuMemAddressFree)
    null_lock();
    CUresult result = CUDA_ERROR_INVALID_VALUE;
    for (struct reservation **at = &reservations; *at != NULL; at = &(*at)->next) {
        struct reservation *found = *at;
        if (found->address == address && found->bytes == bytes
            && memchr(found->granules, FIRST_OF_MAPPING, bytes / NULL_GRANULE_BYTES) == NULL) {
            *at = found->next;
            munmap((void *)(uintptr_t)found->whole_address, found->whole_bytes);
            free(found->granules);
            free(found->accessible);
            free(found);
            result = CUDA_SUCCESS;
            break;
        }
    }
    null_unlock();
    return result;
}

static void drop(struct null_backing *backing)
{
    if (--backing->uses == 0) {
        null_memory_give_back(backing->bytes);
        close(backing->file);
        free(backing);
    }
}

EXPORT CUresult cuMemCreate(uint64_t *handle, size_t bytes, const void *properties,
                            unsigned long long flags);
EXPORT CUresult cuMemCreate(uint64_t *handle, size_t bytes, const void *properties,
                            unsigned long long flags)
{
    NULL_CALL(cuMemCreate)
    const int *words = properties;
    /* Pinned memory of a device. */
    if (bytes == 0 || bytes % NULL_GRANULE_BYTES != 0 || flags != 0 || words[0] != 1 || words[2] != 1) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    null_lock();
    bool there = null_memory_take(bytes);
    null_unlock();
    if (!there) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct null_backing *made = calloc(1, sizeof(*made));
    int file = memfd_create("null-device-memory", MFD_CLOEXEC);
    if (made == NULL || file < 0 || ftruncate(file, (off_t)bytes) != 0
        || pwrite(file, "rubbish of somebody else", 24, 0) != 24) {
        abort();
    }
    *made = (struct null_backing){file, bytes, 1};
    *handle = (uint64_t)(uintptr_t)made;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemRelease(uint64_t handle);
EXPORT CUresult cuMemRelease(uint64_t handle)
{
    NULL_CALL(cuMemRelease)
    null_lock();
    drop((struct null_backing *)(uintptr_t)handle);
    null_unlock();
    return CUDA_SUCCESS;
}

static CUresult map(struct reservation *in, CUdeviceptr address, struct null_backing *backing)
{
    uint64_t first = (address - in->address) / NULL_GRANULE_BYTES;
    uint64_t count = backing->bytes / NULL_GRANULE_BYTES;
    for (uint64_t i = 0; i < count; i++) {
        if (in->granules[first + i] != NOTHING) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    void *at = mmap((void *)(uintptr_t)address, backing->bytes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_FIXED, backing->file, 0);
    if (at == MAP_FAILED) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memset(in->granules + first, MORE_OF_MAPPING, count);
    in->granules[first] = FIRST_OF_MAPPING;
    /* What lives as long as the mapping does: the memory, and the room that it takes. */
    backing->uses++;
    return CUDA_SUCCESS;
}

/* Which backing a mapping has; found again when it is taken away. */
static struct mapping {
    struct mapping *next;
    CUdeviceptr address;
    struct null_backing *backing;
} *mappings;

EXPORT CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset, uint64_t handle,
                         unsigned long long flags);
EXPORT CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset, uint64_t handle,
                         unsigned long long flags)
{
    NULL_CALL(cuMemMap)
    struct null_backing *backing = (struct null_backing *)(uintptr_t)handle;
    if (offset != 0 || flags != 0 || bytes != backing->bytes || address % NULL_GRANULE_BYTES != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    null_lock();
    struct reservation *in = reservation_of(address, bytes);
    CUresult result = in == NULL ? CUDA_ERROR_INVALID_VALUE : map(in, address, backing);
    if (result == CUDA_SUCCESS) {
        struct mapping *made = malloc(sizeof(*made));
        if (made == NULL) {
            abort();
        }
        *made = (struct mapping){mappings, address, backing};
        mappings = made;
    }
    null_unlock();
    return result;
}

static CUresult unmap(CUdeviceptr address, uint64_t bytes)
{
    for (struct mapping **at = &mappings; *at != NULL; at = &(*at)->next) {
        struct mapping *found = *at;
        if (found->address != address) {
            continue;
        }
        struct reservation *in = reservation_of(address, bytes);
        if (in == NULL || bytes != found->backing->bytes) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        *at = found->next;
        uint64_t first = (address - in->address) / NULL_GRANULE_BYTES;
        memset(in->granules + first, NOTHING, bytes / NULL_GRANULE_BYTES);
        memset(in->accessible + first, 0, bytes / NULL_GRANULE_BYTES);
        mmap((void *)(uintptr_t)address, bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        drop(found->backing);
        free(found);
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t bytes);
EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t bytes)
{
    NULL_CALL_ALWAYS(cuMemUnmap)
    null_lock();
    CUresult result = unmap(address, bytes);
    null_unlock();
    return result;
}

EXPORT CUresult cuMemSetAccess(CUdeviceptr address, size_t bytes, const void *descriptors, size_t count);
EXPORT CUresult cuMemSetAccess(CUdeviceptr address, size_t bytes, const void *descriptors, size_t count)
{
    NULL_CALL(cuMemSetAccess)
    const int *words = descriptors;
    null_lock();
    struct reservation *in = reservation_of(address, bytes);
    CUresult result = CUDA_ERROR_INVALID_VALUE;
    if (in != NULL && count == 1 && words[0] == 1 && words[2] == 3) {
        memset(in->accessible + (address - in->address) / NULL_GRANULE_BYTES, 1,
               bytes / NULL_GRANULE_BYTES);
        result = CUDA_SUCCESS;
    }
    null_unlock();
    return result;
}
