/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client holds of kernels and functions, which share one space of handles, so that asking
 * about one or launching it needs nothing from the server.
 */
#ifndef REMORA_FUNCTION_H
#define REMORA_FUNCTION_H

#include <stdatomic.h>

#include "context.h"

struct remora_old_launch;

/* CUfunction_attribute values are below this. */
#define REMORA_FUNCTION_ATTRIBUTES 32

/* Told beside those: .maxclusterrank. */
#define REMORA_FUNCTION_CLUSTER_BLOCKS_MAX 1000

/* No kernel takes more; CUDA's limit is 32764 bytes. */
#define REMORA_PARAMETER_BYTES_MAX 65536

struct remora_parameter {
    uint32_t offset;
    uint32_t size;
};

/* Immutable but for the attributes; freed when its module or library is unloaded. */
struct remora_kernel {
    uint64_t handle;
    /* Of the module or library in which it was looked up. */
    uint64_t owner;
    bool of_library;
    /* The wire's handle of the context of its module. */
    uint64_t context;
    uint64_t name_hash;
    /* By which it was looked up. */
    char *name;
    /* Which attributes are known, as bits, and their values. */
    atomic_uint known_attributes;
    atomic_int attributes[REMORA_FUNCTION_ATTRIBUTES];
    /* .maxclusterrank, or 0; and whether the kernel was compiled for clusters of one extent. */
    uint32_t cluster_blocks_max;
    bool is_cluster_compiled;
    /* What cuFuncSetBlockShape and its kind have set; NULL while nobody has called one of them. */
    _Atomic(struct remora_old_launch *) old_launch;
    /* Of a library's kernel: the same kernel on other servers; or whether it is one of those. */
    _Atomic(struct remora_kernel *) twins;
    struct remora_kernel *next_twin;
    bool is_twin;
    /* Size of all parameters with the gaps between them. */
    uint32_t parameter_bytes;
    bool has_gaps;
    size_t parameter_count;
    struct remora_parameter parameters[];
};

/*
 * The kernel with a handle; NULL if there is none. Takes no lock for those that the thread asked
 * for lately. Valid until its module is unloaded, which a program must not do while it uses it.
 */
struct remora_kernel *remora_find_kernel(const void *handle);

/* The kernel of a name in a module or library, if it was looked up before; otherwise NULL. */
struct remora_kernel *remora_find_kernel_named(uint64_t owner, const char *name);

/*
 * Makes a kernel known. CUDA_ERROR_OUT_OF_MEMORY, or CUDA_ERROR_UNKNOWN if `info`, an encoded
 * FunctionInfo, is malformed.
 */
CUresult remora_add_kernel(uint64_t handle, uint64_t owner, bool of_library, const char *name,
                           struct remora_span info);

/* Makes a library's kernel known as it is on another server. As remora_add_kernel. */
CUresult remora_add_kernel_twin(struct remora_kernel *kernel, uint64_t handle,
                                struct remora_span info);

/* Looks a library's kernel up on the server of a context; see library_calls.c. */
CUresult remora_make_kernel_twin(struct remora_kernel *kernel, uint64_t context,
                                 struct remora_kernel **twin);

/* A library's kernel belongs to all devices: gives what it is on the server of a context. */
CUresult remora_find_kernel_twin(struct remora_kernel **kernel, uint64_t context);

static inline CUresult remora_kernel_in(struct remora_kernel **kernel, uint64_t context)
{
    return remora_several && (*kernel)->of_library ? remora_find_kernel_twin(kernel, context)
                                                   : CUDA_SUCCESS;
}

/* A module or library is unloaded: its kernels are gone. */
void remora_kernels_end(uint64_t owner);

/* A context ends, and with it the modules that were loaded in it. */
void remora_functions_end_of_context(const struct remora_context *context);

/* In a fork's child: see remora_forget_session. */
void remora_forget_functions(void);

#endif
