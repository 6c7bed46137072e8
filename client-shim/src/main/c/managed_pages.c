/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed_pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "managed_transfer.h"
#include "managed_window.h"

/* What one fault brings: more each time that the program goes on where the last fault ended. */
#define FAULT_BYTES_MIN (64u << 10)
#define FAULT_BYTES_MAX (4u << 20)

enum {
    /* The server's bytes are the newest; the program can't touch the page. */
    AWAY,
    /* Both sides have the same; the program can't write. */
    SAME,
    /* The program may have written. */
    WRITTEN,
    /* The same, where nothing was ever written both sides have zeros: only that needs to go. */
    FRESH
};

static uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t address_of(const struct remora_managed_pages *pages, size_t page)
{
    return pages->first + page * page_bytes();
}

uint64_t remora_pages_end(const struct remora_managed_pages *pages)
{
    return address_of(pages, pages->count);
}

struct remora_managed_pages *remora_pages_make(const struct remora_managed_range *range,
                                               bool zeroed)
{
    uint64_t page = page_bytes();
    uint64_t bytes = (range->bytes + page - 1) / page * page;
    size_t count = (size_t)(bytes / page);
    struct remora_managed_pages *pages = calloc(1, sizeof(*pages) + count);
    bool twin = range->kind == REMORA_MANAGED_TWIN;
    if (pages == NULL ||
        (!twin && !remora_window_map(range->context->device, range->start, bytes))) {
        free(pages);
        return NULL;
    }
    pages->range = *range;
    pages->first = range->program;
    pages->count = count;
    pages->away = !zeroed && !twin;
    pages->clearing = zeroed;
    pages->fault_pages = 1;
    memset(pages->state, twin ? WRITTEN : zeroed ? FRESH : AWAY, count);
    if (pages->away) {
        mprotect((void *)(uintptr_t)pages->first, bytes, PROT_NONE);
    }
    return pages;
}

bool remora_pages_join(struct remora_managed_pages *pages)
{
    return remora_window_replace(pages->range.context->device, pages->range.start, pages->first,
                                 remora_pages_end(pages) - pages->first);
}

bool remora_pages_leave(struct remora_managed_pages *pages)
{
    return remora_window_restore(pages->range.context->device, pages->range.start, pages->first,
                                 remora_pages_end(pages) - pages->first);
}

void remora_pages_end_of(struct remora_managed_pages *pages)
{
    if (pages->range.kind != REMORA_MANAGED_TWIN) {
        remora_window_unmap(pages->range.context->device, pages->first,
                            remora_pages_end(pages) - pages->first);
    }
    free(pages);
}

static CUresult protect(struct remora_managed_pages *pages, size_t from, size_t to,
                        int protection, uint8_t state)
{
    if (mprotect((void *)(uintptr_t)address_of(pages, from), (to - from) * page_bytes(),
                 protection) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memset(pages->state + from, state, to - from);
    return CUDA_SUCCESS;
}

/* The end of the run of pages with the same state, at most `limit`. */
static size_t run_end(const struct remora_managed_pages *pages, size_t from, size_t limit)
{
    size_t to = from;
    while (to < limit && pages->state[to] == pages->state[from]) {
        to++;
    }
    return to;
}

/* The bytes of pages that are the range's. */
static uint64_t clipped_end(const struct remora_managed_pages *pages, size_t to)
{
    uint64_t end = address_of(pages, to);
    uint64_t range_end = pages->first + pages->range.bytes;
    return end < range_end ? end : range_end;
}

/* Where kernels have what the program has at an address. */
static uint64_t for_kernels(const struct remora_managed_pages *pages, uint64_t address)
{
    return address - pages->first + pages->range.start;
}

static CUresult send(const struct remora_managed_pages *pages, uint64_t start, uint64_t end)
{
    CUdevice device = pages->range.context->device;
    uint64_t there = for_kernels(pages, start);
    return remora_managed_send(pages->range.context, there, remora_window_alias(device, there),
                               end - start);
}

/* Sends what was ever written of [start, end). */
static CUresult send_data(const struct remora_managed_pages *pages, uint64_t start, uint64_t end,
                          bool *sent)
{
    CUresult result = CUDA_SUCCESS;
    uint64_t shift = pages->range.start - pages->first;
    uint64_t from = start + shift;
    uint64_t to = end + shift;
    while (result == CUDA_SUCCESS
           && remora_window_find_data(pages->range.context->device, &from, &to)) {
        result = send(pages, from - shift, to - shift);
        *sent = true;
        from = to;
        to = end + shift;
    }
    return result;
}

CUresult remora_pages_give(struct remora_managed_pages *pages, bool *sent)
{
    CUresult result = CUDA_SUCCESS;
    for (size_t from = 0; from < pages->count && result == CUDA_SUCCESS;) {
        size_t to = run_end(pages, from, pages->count);
        uint8_t state = pages->state[from];
        if (state == WRITTEN || state == FRESH) {
            /* Whoever writes now waits until the page is away, and then for its return. */
            result = protect(pages, from, to, PROT_READ, state);
            uint64_t end = clipped_end(pages, to);
            if (result == CUDA_SUCCESS && state == WRITTEN) {
                result = send(pages, address_of(pages, from), end);
                *sent = true;
            } else if (result == CUDA_SUCCESS) {
                result = send_data(pages, address_of(pages, from), end, sent);
            }
            if (result != CUDA_SUCCESS) {
                protect(pages, from, to, PROT_READ | PROT_WRITE, state);
            }
        }
        from = to;
    }
    if (result == CUDA_SUCCESS) {
        result = protect(pages, 0, pages->count, PROT_NONE, AWAY);
        pages->away = true;
        *sent = *sent || pages->clearing;
        pages->clearing = false;
    }
    return result;
}

static size_t page_of(const struct remora_managed_pages *pages, uint64_t address)
{
    return (size_t)((address - pages->first) / page_bytes());
}

bool remora_pages_need_bytes(const struct remora_managed_pages *pages, uint64_t address)
{
    return pages->state[page_of(pages, address)] == AWAY;
}

/* Up to where a fault at a page reaches. */
static size_t reach(struct remora_managed_pages *pages, size_t page)
{
    size_t least = FAULT_BYTES_MIN / page_bytes();
    size_t most = FAULT_BYTES_MAX / page_bytes();
    size_t pages_now = least > 0 ? least : 1;
    if (pages->fault_pages == pages->count) {
        pages_now = pages->count;
    } else if (page == pages->next_page && page != 0) {
        pages_now = pages->fault_pages * 2 < most ? pages->fault_pages * 2 : most;
    }
    pages->fault_pages = pages_now;
    size_t limit = pages->count - page < pages_now ? pages->count : page + pages_now;
    size_t end = run_end(pages, page, limit);
    pages->next_page = end;
    return end;
}

static CUresult bring(const struct remora_managed_pages *pages, size_t from, size_t to)
{
    uint64_t start = address_of(pages, from);
    uint64_t there = for_kernels(pages, start);
    CUdevice device = pages->range.context->device;
    return remora_managed_bring(pages->range.context, there, remora_window_alias(device, there),
                                clipped_end(pages, to) - start);
}

bool remora_pages_any_away(const struct remora_managed_pages *pages)
{
    return pages->away || memchr(pages->state, AWAY, pages->count) != NULL;
}

CUresult remora_pages_take_all(struct remora_managed_pages *pages)
{
    CUresult result = CUDA_SUCCESS;
    for (size_t from = 0; from < pages->count && result == CUDA_SUCCESS;) {
        size_t to = run_end(pages, from, pages->count);
        if (pages->state[from] == AWAY) {
            result = bring(pages, from, to);
            if (result == CUDA_SUCCESS) {
                result = protect(pages, from, to, PROT_READ | PROT_WRITE, WRITTEN);
            }
        }
        from = to;
    }
    pages->away = pages->away && result != CUDA_SUCCESS;
    return result;
}

CUresult remora_pages_take(struct remora_managed_pages *pages, uint64_t address, bool writes)
{
    size_t page = page_of(pages, address);
    uint8_t state = pages->state[page];
    if (state == WRITTEN || state == FRESH || (state == SAME && !writes)) {
        /* Another thread was faster. */
        return CUDA_SUCCESS;
    }
    size_t end = reach(pages, page);
    CUresult result = state == AWAY ? bring(pages, page, end) : CUDA_SUCCESS;
    if (result != CUDA_SUCCESS) {
        return result;
    }
    pages->away = false;
    return writes ? protect(pages, page, end, PROT_READ | PROT_WRITE, WRITTEN)
                  : protect(pages, page, end, PROT_READ, SAME);
}
