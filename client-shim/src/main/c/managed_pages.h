/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of one managed range: on which side the newest bytes are, and how they come and go. The
 * caller holds the lock of managed memory.
 */
#ifndef REMORA_MANAGED_PAGES_H
#define REMORA_MANAGED_PAGES_H

#include "managed.h"

struct remora_managed_pages {
    struct remora_managed_range range;
    /* The first page's address, and how many there are. */
    uint64_t first;
    size_t count;
    /* The server's zeros are on their way. */
    bool clearing;
    /* Every page's newest bytes are the server's, and the program can't touch any. */
    bool away;
    /* How many pages the next fault brings, and the page at which it would go on. */
    size_t fault_pages;
    size_t next_page;
    uint8_t state[];
};

/* NULL: out of memory. A twin's pages are the program's as before, until remora_pages_join. */
struct remora_managed_pages *remora_pages_make(const struct remora_managed_range *range,
                                               bool zeroed);

/* Makes a twin's memory the program's side, as remora_window_replace. */
bool remora_pages_join(struct remora_managed_pages *pages);

/* The reverse, as remora_window_restore; what the server has is to be brought before. */
bool remora_pages_leave(struct remora_managed_pages *pages);

/* Whether the server may have newer bytes of any page. */
bool remora_pages_any_away(const struct remora_managed_pages *pages);

/* Brings everything of which the server may have newer bytes. */
CUresult remora_pages_take_all(struct remora_managed_pages *pages);

/* Takes the memory from the program unless it is a twin, and frees what is known of it. */
void remora_pages_end_of(struct remora_managed_pages *pages);

/* Behind the last page. */
uint64_t remora_pages_end(const struct remora_managed_pages *pages);

/* Sends what the program wrote; then no page is the program's. *sent: something is on its way. */
CUresult remora_pages_give(struct remora_managed_pages *pages, bool *sent);

/* Whether touching an address needs bytes of the server. */
bool remora_pages_need_bytes(const struct remora_managed_pages *pages, uint64_t address);

/* Lets the program touch an address, and some behind it. */
CUresult remora_pages_take(struct remora_managed_pages *pages, uint64_t address, bool writes);

#endif
