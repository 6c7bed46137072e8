/* SPDX-License-Identifier: Apache-2.0 */
/* Initialisation, and what a fork's child forgets. */
#include "across.h"
#include "array.h"
#include "capture.h"
#include "context.h"
#include "context_storage.h"
#include "function.h"
#include "graph_host_copies.h"
#include "graph_kernel_node.h"
#include "host_functions.h"
#include "host_memory.h"
#include "library.h"
#include "link_calls.h"
#include "managed.h"
#include "pointer_facts.h"
#include "remora_by_hand.h"
#include "stream.h"
#include "stream_attributes.h"
#include "user_objects.h"

CUresult remora_cuInit(unsigned int flags)
{
    if (flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_start();
    return remora_local(result == CUDA_SUCCESS ? remora_contexts_begin() : result);
}

/* The version of CUDA that the call table is of: what is answered where there is no server. */
#define TABLE_VERSION 13000

/*
 * CUDA answers this before cuInit, too; what the version is only the server knows. That it can't be
 * reached is for cuInit to say: the runtime takes a failure here for a driver that is too old.
 */
CUresult remora_cuDriverGetVersion(int *driver_version)
{
    if (driver_version == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult result = remora_start();
    const struct remora_welcome *welcome = remora_welcome();
    *driver_version = result == CUDA_SUCCESS && welcome != NULL ? welcome->driver_version
                                                                : TABLE_VERSION;
    return remora_local(CUDA_SUCCESS);
}

void remora_forget_session(void)
{
    remora_forget_contexts();
    remora_forget_context_storage();
    remora_forget_functions();
    remora_forget_pointers();
    remora_forget_libraries();
    remora_forget_links();
    remora_forget_graphs();
    remora_forget_host_copies();
    remora_forget_captures();
    remora_forget_streams();
    remora_forget_stream_attributes();
    remora_forget_host_functions();
    remora_forget_user_objects();
    remora_forget_host_memory();
    remora_forget_managed();
    remora_forget_arrays();
    remora_forget_textures();
    remora_forget_across();
}
