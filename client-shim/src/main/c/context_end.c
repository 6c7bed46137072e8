/* SPDX-License-Identifier: Apache-2.0 */
#include "context_end.h"

#include "context_storage.h"
#include "function.h"
#include "managed.h"
#include "pointer_facts.h"
#include "stream.h"

void remora_context_ends(struct remora_context *context)
{
    remora_context_storage_end(remora_visible(context));
    remora_managed_context_ends(context);
    atomic_fetch_add(&context->epoch, 1);
    remora_streams_end(context);
    remora_functions_end_of_context(context);
    remora_forget_pointers();
}
