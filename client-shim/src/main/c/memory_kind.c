/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE

#include "memory_kind.h"

#include <sys/mman.h>

int remora_device_of_address(uint64_t address)
{
    const struct remora_welcome *welcome = remora_welcome();
    for (size_t i = 0; welcome != NULL && i < welcome->device_count; i++) {
        const struct remora_device *device = &welcome->devices[i];
        if (address - device->slab_address < device->slab_bytes) {
            return (int)i;
        }
    }
    return -1;
}

int remora_home_of_address(uint64_t address)
{
    int device = remora_device_of_address(address);
    return device < 0 ? -1 : (int)remora_home((uint64_t)device);
}

bool remora_is_device_address(uint64_t address)
{
    return remora_device_of_address(address) >= 0;
}

/* What this process has reserved, also for earlier sessions and its parent's: never given back. */
static struct {
    uint64_t address;
    uint64_t bytes;
} reserved[64];
static size_t reserved_count;

static bool is_reserved(uint64_t address, uint64_t bytes)
{
    for (size_t i = 0; i < reserved_count; i++) {
        if (reserved[i].address <= address &&
            address + bytes <= reserved[i].address + reserved[i].bytes) {
            return true;
        }
    }
    return false;
}

static bool reserve(uint64_t address, uint64_t bytes)
{
    void *start = (void *)(uintptr_t)address;
    if (is_reserved(address, bytes)) {
        return true;
    }
#ifdef __SANITIZE_THREAD__
    /* It ends the process over a fixed address that it has plans for. */
    return false;
#endif
    void *got = mmap(start, bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != MAP_FAILED && got != start) {
        /* A kernel that doesn't know the flag takes the address for a wish. */
        munmap(got, bytes);
        got = MAP_FAILED;
    }
    if (got != MAP_FAILED && reserved_count < sizeof(reserved) / sizeof(reserved[0])) {
        reserved[reserved_count].address = address;
        reserved[reserved_count++].bytes = bytes;
    }
    return got != MAP_FAILED;
}

bool remora_is_reserved(const struct remora_device *device)
{
    return device->slab_bytes > 0 && is_reserved(device->slab_address, device->slab_bytes);
}

void remora_reserve_again(uint64_t address, uint64_t bytes)
{
    mmap((void *)(uintptr_t)address, bytes, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void remora_reserve_slabs(void)
{
    const struct remora_welcome *welcome = remora_welcome();
    for (size_t i = 0; i < welcome->device_count; i++) {
        const struct remora_device *device = &welcome->devices[i];
        if (device->slab_bytes > 0 && !reserve(device->slab_address, device->slab_bytes)) {
            remora_say_once("slab", "some addresses of device memory are used by this process as "
                                    "well; copies without a direction take them for the device's");
        }
    }
}
