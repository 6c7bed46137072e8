/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of streams. They are hints to a device, so nobody but the program hears of them. */
#define _POSIX_C_SOURCE 200809L

#include "stream_attributes.h"

#include <stdlib.h>
#include <string.h>

#include "handle_map.h"
#include "remora_by_hand.h"
#include "stream.h"

/* CUsynchronizationPolicy: CU_SYNC_POLICY_AUTO, and the last one. */
#define SYNC_POLICY_AUTO 1
#define SYNC_POLICY_LAST 4

/* What a program has set of one stream, and what it is otherwise. */
struct attributes {
    CUlaunchAttributeValue window;
    CUlaunchAttributeValue policy;
    CUlaunchAttributeValue priority;
    CUlaunchAttributeValue domain_map;
    CUlaunchAttributeValue domain;
};

static struct remora_handle_map all = REMORA_HANDLE_MAP_INITIALIZER;
/* Held while one is changed; the map's own lock lets others copy meanwhile, so they take it, too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static CUlaunchAttributeValue *find(struct attributes *of, CUstreamAttrID attribute)
{
    switch (attribute) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
        return &of->window;
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        return &of->policy;
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
        return &of->priority;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
        return &of->domain_map;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
        return &of->domain;
    default:
        return NULL;
    }
}

/* What a stream has of which nothing was set. */
static void set_defaults(struct attributes *of, const struct remora_stream_state *stream)
{
    memset(of, 0, sizeof(*of));
    of->policy.number = SYNC_POLICY_AUTO;
    of->priority.number = stream->priority;
    /* The default domain is 0, the remote one 1. */
    of->domain_map.pad[1] = 1;
}

/* The key under which a stream's are kept; the legacy stream is another one in each context. */
static CUresult resolve(bool per_thread, CUstream given, struct remora_stream_state *stream,
                        uint64_t *key)
{
    CUresult result = remora_find_stream(given, stream);
    if (result == CUDA_SUCCESS) {
        result = remora_stream(given, per_thread, key);
    }
    if (result == CUDA_SUCCESS && *key == 0) {
        /* No stream has such a handle: the highest bit is free. */
        *key = UINT64_C(1) << 63 | stream->context->handle;
    }
    return result;
}

static void copy_of(uint64_t key, const struct remora_stream_state *stream,
                    struct attributes *found)
{
    pthread_mutex_lock(&lock);
    if (!remora_handle_map_copy(&all, key, found, sizeof(*found))) {
        set_defaults(found, stream);
    }
    pthread_mutex_unlock(&lock);
}

static CUresult keep(uint64_t key, const struct attributes *values)
{
    pthread_mutex_lock(&lock);
    struct attributes *kept = remora_handle_map_get(&all, key);
    CUresult result = CUDA_SUCCESS;
    if (kept == NULL) {
        kept = malloc(sizeof(*kept));
        if (kept == NULL || !remora_handle_map_put(&all, key, kept)) {
            free(kept);
            kept = NULL;
            result = CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    if (kept != NULL) {
        *kept = *values;
    }
    pthread_mutex_unlock(&lock);
    return result == CUDA_SUCCESS ? remora_local(result) : result;
}

CUresult remora_cuStreamGetAttribute(bool per_thread, CUstream h_stream, CUstreamAttrID attr,
                                     CUstreamAttrValue *value_out)
{
    struct remora_stream_state stream;
    struct attributes found;
    uint64_t key;
    CUresult result = resolve(per_thread, h_stream, &stream, &key);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    copy_of(key, &stream, &found);
    const CUlaunchAttributeValue *value = find(&found, attr);
    if (value == NULL || value_out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *value_out = *value;
    return remora_local(CUDA_SUCCESS);
}

/* Whether a value is one that CUDA accepts for an attribute that streams have. */
static bool is_valid(CUstreamAttrID attribute, const CUlaunchAttributeValue *value)
{
    switch (attribute) {
    case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
        return value->number >= SYNC_POLICY_AUTO && value->number <= SYNC_POLICY_LAST;
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
        return value->number == 0 || value->number == 1;
    default:
        return true;
    }
}

CUresult remora_cuStreamSetAttribute(bool per_thread, CUstream h_stream, CUstreamAttrID attr,
                                     const CUstreamAttrValue *value)
{
    struct remora_stream_state stream;
    struct attributes values;
    uint64_t key;
    CUresult result = resolve(per_thread, h_stream, &stream, &key);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    copy_of(key, &stream, &values);
    CUlaunchAttributeValue *place = find(&values, attr);
    if (place == NULL || value == NULL || !is_valid(attr, value)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *place = *value;
    return keep(key, &values);
}

CUresult remora_cuStreamCopyAttributes(bool per_thread, CUstream dst, CUstream src)
{
    struct remora_stream_state stream;
    struct attributes values;
    uint64_t from;
    uint64_t to;
    CUresult result = resolve(per_thread, src, &stream, &from);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    copy_of(from, &stream, &values);
    result = resolve(per_thread, dst, &stream, &to);
    return result == CUDA_SUCCESS ? keep(to, &values) : result;
}

void remora_stream_attributes_end(uint64_t handle)
{
    free(remora_handle_map_remove(&all, handle));
}

void remora_forget_stream_attributes(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    remora_handle_map_forget(&all);
}
