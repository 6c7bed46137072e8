/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "function.h"

#include <stdlib.h>
#include <string.h>

#include "handle_map.h"

/* Fields of FunctionInfo and FunctionParameter, and of the entries of a map. */
#define INFO_ATTRIBUTES 1u
#define INFO_PARAMETERS 2u
#define PARAMETER_OFFSET 1u
#define PARAMETER_SIZE 2u
#define MAP_KEY 1u
#define MAP_VALUE 2u
#define TAG(field, wire_type) ((field) << 3 | (wire_type))

/* Kernels that a thread finds without the lock. A power of two. */
#define REMEMBERED 64u

/* Valid as long as no kernel was forgotten since. */
struct remembered {
    uint64_t handle;
    struct remora_kernel *kernel;
    uint64_t generation;
};

static struct remora_handle_map kernels = REMORA_HANDLE_MAP_INITIALIZER;
/* Counts the times that kernels were forgotten, from 1, so that an empty memory is never valid. */
static _Atomic uint64_t generation = 1;
static _Thread_local struct remembered remembered[REMEMBERED];

struct remora_kernel *remora_find_kernel(const void *handle)
{
    uint64_t number = (uint64_t)(uintptr_t)handle;
    struct remembered *place = &remembered[number % REMEMBERED];
    uint64_t now = atomic_load_explicit(&generation, memory_order_acquire);
    if (place->handle == number && place->generation == now) {
        return place->kernel;
    }
    struct remora_kernel *kernel = remora_handle_map_get(&kernels, number);
    if (kernel != NULL) {
        *place = (struct remembered){number, kernel, now};
    }
    return kernel;
}

/* FNV-1a. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    }
    return hash;
}

struct name_in_owner {
    uint64_t owner;
    uint64_t hash;
    const char *name;
};

static bool has_name(const void *object, const void *what)
{
    const struct remora_kernel *kernel = object;
    const struct name_in_owner *wanted = what;
    return !kernel->is_twin && kernel->owner == wanted->owner && kernel->name_hash == wanted->hash &&
           strcmp(kernel->name, wanted->name) == 0;
}

struct remora_kernel *remora_find_kernel_named(uint64_t owner, const char *name)
{
    struct name_in_owner wanted = {owner, hash_of(name), name};
    return remora_handle_map_find(&kernels, has_name, &wanted);
}

static void read_pair(struct remora_span message, uint32_t first, uint32_t second, uint64_t pair[2],
                      bool *failed)
{
    struct remora_reader in = remora_reader_of(message.data, message.length);
    uint32_t tag;
    pair[0] = 0;
    pair[1] = 0;
    while (remora_read_tag(&in, &tag)) {
        if (tag == TAG(first, REMORA_WIRE_VARINT)) {
            pair[0] = remora_read_varint(&in);
        } else if (tag == TAG(second, REMORA_WIRE_VARINT)) {
            pair[1] = remora_read_varint(&in);
        } else {
            remora_skip(&in, tag);
        }
    }
    *failed = *failed || in.failed;
}

static size_t count_parameters(struct remora_span info)
{
    struct remora_reader in = remora_reader_of(info.data, info.length);
    uint32_t tag;
    size_t count = 0;
    while (remora_read_tag(&in, &tag)) {
        count += tag == TAG(INFO_PARAMETERS, REMORA_WIRE_LENGTH);
        remora_skip(&in, tag);
    }
    return count;
}

static void add_attribute(struct remora_kernel *kernel, const uint64_t pair[2])
{
    /* Negative numbers are sign-extended on the wire and so too large here. */
    if (pair[0] < REMORA_FUNCTION_ATTRIBUTES) {
        atomic_fetch_or(&kernel->known_attributes, 1u << pair[0]);
        atomic_store(&kernel->attributes[pair[0]], (int)(int64_t)pair[1]);
    } else if (pair[0] == REMORA_FUNCTION_CLUSTER_BLOCKS_MAX) {
        kernel->cluster_blocks_max = (uint32_t)pair[1];
    }
}

/* False if a parameter can't be where it is said to be. */
static bool add_parameter(struct remora_kernel *kernel, const uint64_t pair[2])
{
    if (pair[0] > REMORA_PARAMETER_BYTES_MAX || pair[1] > REMORA_PARAMETER_BYTES_MAX - pair[0]) {
        return false;
    }
    struct remora_parameter parameter = {(uint32_t)pair[0], (uint32_t)pair[1]};
    kernel->has_gaps = kernel->has_gaps || parameter.offset != kernel->parameter_bytes;
    if (parameter.offset + parameter.size > kernel->parameter_bytes) {
        kernel->parameter_bytes = parameter.offset + parameter.size;
    }
    kernel->parameters[kernel->parameter_count++] = parameter;
    return true;
}

static bool read_info(struct remora_kernel *kernel, struct remora_span info)
{
    struct remora_reader in = remora_reader_of(info.data, info.length);
    uint32_t tag;
    uint64_t pair[2];
    bool failed = false;
    while (remora_read_tag(&in, &tag)) {
        if (tag == TAG(INFO_ATTRIBUTES, REMORA_WIRE_LENGTH)) {
            read_pair(remora_read_span(&in), MAP_KEY, MAP_VALUE, pair, &failed);
            add_attribute(kernel, pair);
        } else if (tag == TAG(INFO_PARAMETERS, REMORA_WIRE_LENGTH)) {
            read_pair(remora_read_span(&in), PARAMETER_OFFSET, PARAMETER_SIZE, pair, &failed);
            failed = !add_parameter(kernel, pair) || failed;
        } else {
            remora_skip(&in, tag);
        }
    }
    kernel->is_cluster_compiled =
            atomic_load(&kernel->attributes[CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH]) != 0;
    return !failed && !in.failed;
}

static void free_kernel(struct remora_kernel *kernel)
{
    free(atomic_load(&kernel->old_launch));
    free(kernel->name);
    free(kernel);
}

static CUresult make_kernel(uint64_t handle, uint64_t owner, bool of_library, const char *name,
                            struct remora_span info, struct remora_kernel **made)
{
    size_t count = count_parameters(info);
    struct remora_kernel *kernel =
            calloc(1, sizeof(*kernel) + count * sizeof(kernel->parameters[0]));
    if (kernel == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    kernel->handle = handle;
    kernel->owner = owner;
    kernel->of_library = of_library;
    kernel->context = remora_current_handle();
    kernel->name = strdup(name);
    kernel->name_hash = hash_of(name);
    CUresult result = CUDA_SUCCESS;
    if (kernel->name == NULL) {
        result = CUDA_ERROR_OUT_OF_MEMORY;
    } else if (!read_info(kernel, info)) {
        result = CUDA_ERROR_UNKNOWN;
    }
    if (result != CUDA_SUCCESS) {
        free_kernel(kernel);
    }
    *made = kernel;
    return result;
}

static CUresult put(struct remora_kernel *kernel)
{
    if (!remora_handle_map_put(&kernels, kernel->handle, kernel)) {
        free_kernel(kernel);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

CUresult remora_add_kernel(uint64_t handle, uint64_t owner, bool of_library, const char *name,
                           struct remora_span info)
{
    struct remora_kernel *kernel;
    CUresult result = make_kernel(handle, owner, of_library, name, info, &kernel);
    return result == CUDA_SUCCESS ? put(kernel) : result;
}

CUresult remora_add_kernel_twin(struct remora_kernel *of, uint64_t handle, struct remora_span info)
{
    struct remora_kernel *twin;
    CUresult result = make_kernel(handle, of->owner, true, of->name, info, &twin);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    twin->is_twin = true;
    result = put(twin);
    if (result == CUDA_SUCCESS) {
        twin->next_twin = atomic_load(&of->twins);
        while (!atomic_compare_exchange_weak(&of->twins, &twin->next_twin, twin)) {
        }
    }
    return result;
}

CUresult remora_find_kernel_twin(struct remora_kernel **kernel, uint64_t context)
{
    size_t home = remora_home(context);
    struct remora_kernel *of = *kernel;
    if (remora_home(of->handle) == home) {
        return CUDA_SUCCESS;
    }
    for (struct remora_kernel *twin = atomic_load(&of->twins); twin != NULL;
         twin = twin->next_twin) {
        if (remora_home(twin->handle) == home) {
            *kernel = twin;
            return CUDA_SUCCESS;
        }
    }
    return remora_make_kernel_twin(of, context, kernel);
}

static void forget_if(remora_handle_filter *filter, const void *what)
{
    struct remora_kernel *kernel;
    while ((kernel = remora_handle_map_take(&kernels, filter, what)) != NULL) {
        atomic_fetch_add_explicit(&generation, 1, memory_order_release);
        free_kernel(kernel);
    }
}

static bool is_of_owner(const void *object, const void *what)
{
    return ((const struct remora_kernel *)object)->owner == *(const uint64_t *)what;
}

void remora_kernels_end(uint64_t owner)
{
    forget_if(is_of_owner, &owner);
}

static bool is_of_context(const void *object, const void *what)
{
    const struct remora_kernel *kernel = object;
    return !kernel->of_library && kernel->context == *(const uint64_t *)what;
}

void remora_functions_end_of_context(const struct remora_context *context)
{
    forget_if(is_of_context, &context->handle);
}

void remora_forget_functions(void)
{
    remora_handle_map_forget(&kernels);
    atomic_fetch_add(&generation, 1);
}
