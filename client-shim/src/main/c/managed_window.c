/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed_window.h"

#include <errno.h>
#include <string.h>
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

static bool is_open(CUdevice device)
{
    if (device >= DEVICES_MAX) {
        return false;
    }
    struct window *window = &windows[device];
    return window->alias != NULL || open_window(device, window);
}

bool remora_window_map(CUdevice device, uint64_t start, uint64_t bytes)
{
    if (!is_open(device)) {
        return false;
    }
    void *got = mmap(pointer(start), bytes, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_FIXED | MAP_NORESERVE, windows[device].file,
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

/* Moves a mapping to where the program's memory is, which can only be read from now on. */
static bool put(void *made, uint64_t program, uint64_t bytes, const void *content)
{
    if (mprotect(pointer(program), bytes, PROT_READ) == 0) {
        memcpy(made, content, bytes);
        if (mremap(made, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, pointer(program)) !=
            MAP_FAILED) {
            return true;
        }
        mprotect(pointer(program), bytes, PROT_READ | PROT_WRITE);
    }
    munmap(made, bytes);
    return false;
}

bool remora_window_replace(CUdevice device, uint64_t start, uint64_t program, uint64_t bytes)
{
    if (!is_open(device)) {
        return false;
    }
    void *made = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                      windows[device].file, offset_of(device, start));
    if (made == MAP_FAILED) {
        return false;
    }
    madvise(made, bytes, MADV_DONTFORK);
    return put(made, program, bytes, pointer(program));
}

bool remora_window_restore(CUdevice device, uint64_t start, uint64_t program, uint64_t bytes)
{
    const uint8_t *content = remora_window_alias(device, start);
    void *made = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED || !put(made, program, bytes, content)) {
        return false;
    }
    madvise((void *)(uintptr_t)content, bytes, MADV_REMOVE);
    return true;
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
