/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed_window.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory_kind.h"

#define DEVICES_MAX 64

struct window {
    /* 0: there is no file yet. */
    int file;
    uint8_t *alias;
};

static struct window windows[DEVICES_MAX];

static void *pointer(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

static bool open_window(CUdevice device, struct window *window)
{
    uint64_t bytes = remora_device_at(device)->slab_bytes;
    int file = memfd_create("remora-managed", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
        if (file >= 0) {
            close(file);
        }
        return false;
    }
    void *alias = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (alias == MAP_FAILED) {
        close(file);
        return false;
    }
    /* As CUDA's own managed memory, it isn't there in the child of a fork. */
    madvise(alias, bytes, MADV_DONTFORK);
    window->file = file;
    window->alias = alias;
    return true;
}

static off_t offset_of(CUdevice device, uint64_t address)
{
    return (off_t)(address - remora_device_at(device)->slab_address);
}

bool remora_window_map(CUdevice device, uint64_t start, uint64_t bytes)
{
    if (device >= DEVICES_MAX) {
        return false;
    }
    struct window *window = &windows[device];
    if (window->alias == NULL && !open_window(device, window)) {
        return false;
    }
    void *got = mmap(pointer(start), bytes, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_FIXED | MAP_NORESERVE, window->file,
                     offset_of(device, start));
    if (got == MAP_FAILED) {
        remora_reserve_again(start, bytes);
        return false;
    }
    madvise(got, bytes, MADV_DONTFORK);
    return true;
}

void remora_window_unmap(CUdevice device, uint64_t start, uint64_t bytes)
{
    remora_reserve_again(start, bytes);
    madvise(remora_window_alias(device, start), bytes, MADV_REMOVE);
}

uint8_t *remora_window_alias(CUdevice device, uint64_t address)
{
    return windows[device].alias + offset_of(device, address);
}

bool remora_window_find_data(CUdevice device, uint64_t *start, uint64_t *end)
{
    int file = windows[device].file;
    off_t from = offset_of(device, *start);
    off_t to = offset_of(device, *end);
    off_t data = lseek(file, from, SEEK_DATA);
    if (data < 0 && errno != ENXIO) {
        /* A system that can't tell: everything may have been written. */
        return *start < *end;
    }
    if (data < 0 || data >= to) {
        return false;
    }
    off_t hole = lseek(file, data, SEEK_HOLE);
    *start += (uint64_t)(data - from);
    if (hole >= 0 && hole < to) {
        *end -= (uint64_t)(to - hole);
    }
    return true;
}

void remora_window_forget(void)
{
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        if (windows[i].alias != NULL) {
            close(windows[i].file);
            windows[i] = (struct window){0, NULL};
        }
    }
}
