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

#endif
