/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an address is one of a device or of this process. */
#ifndef REMORA_MEMORY_KIND_H
#define REMORA_MEMORY_KIND_H

#include "client.h"

/*
 * Device memory lies in the session's slabs, of which the server has told the addresses; the same
 * addresses are kept from being used here, so that none is ambiguous.
 */
bool remora_is_device_address(uint64_t address);

/*
 * Takes the slabs' addresses out of this process's own, without using memory. Where something is
 * there already says so; then the addresses mean device memory.
 */
void remora_reserve_slabs(void);

/* Whether all addresses of a device are reserved here, so that memory can be mapped there. */
bool remora_is_reserved(const struct remora_device *device);

/* Reserves a part of them anew, in the place of memory that was mapped there. */
void remora_reserve_again(uint64_t address, uint64_t bytes);

#endif
