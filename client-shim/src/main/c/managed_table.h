/* SPDX-License-Identifier: Apache-2.0 */
/* All managed ranges of the process, as managed.c and its parts see them. */
#ifndef REMORA_MANAGED_TABLE_H
#define REMORA_MANAGED_TABLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "managed_pages.h"

/* Guards all of managed memory; is held while bytes travel, but not while work is waited for. */
extern pthread_mutex_t remora_managed_lock;

/* How many ranges are twins. */
extern atomic_size_t remora_managed_twins;

/* What a connection calls once there is managed memory. */
extern const struct remora_hooks remora_managed_hooks;

/* Whether there are any; without the lock. */
bool remora_managed_any(void);

/* With the lock held: the pages at an address of the program's, or NULL. */
struct remora_managed_pages *remora_managed_pages_at(uint64_t address);

/* With the lock held: all pages in the order of their addresses; NULL behind the last. */
struct remora_managed_pages *remora_managed_pages_number(size_t number);

/* With the lock held: ends pages. */
void remora_managed_take_out(struct remora_managed_pages *pages);

/* Ends the pages of a context but for those of modules. */
void remora_managed_take_out_of(const struct remora_context *context);

/* In a fork's child. */
void remora_managed_forget_table(void);

#endif
