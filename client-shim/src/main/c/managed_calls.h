/* SPDX-License-Identifier: Apache-2.0 */
/* Allocating memory that host and device share; for the calls that give and free it. */
#ifndef REMORA_MANAGED_CALLS_H
#define REMORA_MANAGED_CALLS_H

#include "managed.h"

/* Allocates on the server and here. The device can be managed. */
CUresult remora_allocate_managed(struct remora_context *context, size_t bytes,
                                 enum remora_managed_kind kind, unsigned int flags,
                                 CUdeviceptr *address);

/* Frees a range on both sides. */
CUresult remora_free_managed(const struct remora_managed_range *range);

#endif
