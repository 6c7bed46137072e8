/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory behind managed addresses: one file in memory for each device, mapped a second time
 * where nobody else looks, so that bytes can come and go while the program must not see the pages.
 * The caller holds the lock of managed memory.
 */
#ifndef REMORA_MANAGED_WINDOW_H
#define REMORA_MANAGED_WINDOW_H

#include "context.h"

/* Makes [start, start + bytes), whole pages, memory. False: the system has none. */
bool remora_window_map(CUdevice device, uint64_t start, uint64_t bytes);

/* Reserves the addresses again; their content is gone. */
void remora_window_unmap(CUdevice device, uint64_t start, uint64_t bytes);

/*
 * Puts the memory behind device addresses in the place of the program's own, with the bytes that
 * are there. Who writes there meanwhile has a fault. False: the system doesn't allow it.
 */
bool remora_window_replace(CUdevice device, uint64_t start, uint64_t program, uint64_t bytes);

/* The reverse: the program has memory of its own there, with the bytes of the window. */
bool remora_window_restore(CUdevice device, uint64_t start, uint64_t program, uint64_t bytes);

/* The same bytes at the other place. */
uint8_t *remora_window_alias(CUdevice device, uint64_t address);

/*
 * The first piece of [start, end) in which anything was ever written, moved to *start and *end.
 * False if there is none.
 */
bool remora_window_find_data(CUdevice device, uint64_t *start, uint64_t *end);

/* In a fork's child: reserves the addresses, where the parent's memory isn't. */
void remora_window_forget(void);

#endif
