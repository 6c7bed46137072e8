/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "context.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "handle_map.h"
#include "memory_kind.h"

/* Programs rarely nest contexts; deeper stacks are on the heap. */
#define STACK_INLINE 8

struct context_stack {
    struct remora_context *inlined[STACK_INLINE];
    /* All of the stack once it is deeper than that. */
    struct remora_context **grown;
    size_t capacity;
    size_t depth;
    /* The top, or NULL. */
    struct remora_context *current;
    /* The session that the stack belongs to. */
    unsigned int session;
};

static _Thread_local struct context_stack stack;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t stack_key;

static pthread_mutex_t begin_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool begun;
static struct remora_context *primaries;
static size_t primary_count;
static struct remora_handle_map created = REMORA_HANDLE_MAP_INITIALIZER;

static void free_stack(void *grown)
{
    free(grown);
}

static void make_key(void)
{
    pthread_key_create(&stack_key, free_stack);
}

static void init_context(struct remora_context *context, uint64_t handle, CUdevice device,
                         unsigned int flags)
{
    const struct remora_device *about = &remora_welcome()->devices[device];
    context->handle = handle;
    context->device = device;
    context->block_threads_max = (unsigned int)remora_device_value(
            device, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, INT_MAX);
    atomic_init(&context->flags, flags);
    atomic_init(&context->cache_config, 0);
    atomic_init(&context->shared_memory_config, 0);
    atomic_init(&context->alive, false);
    atomic_init(&context->epoch, 0);
    atomic_init(&context->retains, 0);
    for (size_t i = 0; i < about->limit_count; i++) {
        int32_t id = about->limits[i].id;
        if (id >= 0 && id < REMORA_LIMITS_MAX) {
            context->known_limits |= 1u << id;
            atomic_init(&context->limits[id], (uint64_t)about->limits[i].value);
        }
    }
}

CUresult remora_contexts_begin(void)
{
    CUresult result = CUDA_SUCCESS;
    pthread_once(&once, make_key);
    pthread_mutex_lock(&begin_lock);
    if (!atomic_load(&begun)) {
        const struct remora_welcome *welcome = remora_welcome();
        struct remora_context *made = calloc(welcome->device_count + 1, sizeof(*made));
        if (made == NULL) {
            result = CUDA_ERROR_OUT_OF_MEMORY;
        } else {
            for (size_t i = 0; i < welcome->device_count; i++) {
                init_context(&made[i], i, (CUdevice)i, 0);
            }
            primaries = made;
            primary_count = welcome->device_count;
            remora_reserve_slabs();
            atomic_store(&begun, true);
        }
    }
    pthread_mutex_unlock(&begin_lock);
    return result;
}

CUresult remora_initialized(void)
{
    if (!atomic_load_explicit(&begun, memory_order_acquire)) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    return remora_ready();
}

const struct remora_device *remora_device_at(CUdevice device)
{
    const struct remora_welcome *welcome = remora_welcome();
    if (welcome == NULL || device < 0 || (size_t)device >= welcome->device_count) {
        return NULL;
    }
    return &welcome->devices[device];
}

bool remora_device_attribute(CUdevice device, CUdevice_attribute attribute, int *value)
{
    const struct remora_device *about = remora_device_at(device);
    const struct remora_value *found =
            about == NULL ? NULL
                          : remora_find_value(about->attributes, about->attribute_count,
                                              (int32_t)attribute);
    if (found == NULL) {
        return false;
    }
    *value = (int)found->value;
    if (attribute == CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY ||
        attribute == CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY) {
        *value = remora_is_reserved(about);
    }
    return true;
}

int remora_device_value(CUdevice device, CUdevice_attribute attribute, int otherwise)
{
    int value;
    return remora_device_attribute(device, attribute, &value) ? value : otherwise;
}

struct remora_context *remora_primary(CUdevice device)
{
    return &primaries[device];
}

struct remora_context *remora_find_context(CUcontext context)
{
    uint64_t visible = (uint64_t)(uintptr_t)context;
    if (!atomic_load_explicit(&begun, memory_order_acquire) || visible == 0) {
        return NULL;
    }
    if (visible >= REMORA_FIRST_HANDLE) {
        return remora_handle_map_get(&created, visible);
    }
    return visible <= primary_count ? &primaries[visible - 1] : NULL;
}

CUcontext remora_visible_handle(uint64_t handle)
{
    return (CUcontext)(uintptr_t)(handle < REMORA_FIRST_HANDLE ? handle + 1 : handle);
}

CUcontext remora_visible(const struct remora_context *context)
{
    return remora_visible_handle(context->handle);
}

bool remora_add_context(uint64_t handle, CUdevice device, unsigned int flags,
                        struct remora_context **context)
{
    struct remora_context *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return false;
    }
    init_context(made, handle, device, flags);
    atomic_store(&made->alive, true);
    if (!remora_handle_map_put(&created, handle, made)) {
        free(made);
        return false;
    }
    *context = made;
    return true;
}

void remora_remove_context(struct remora_context *context)
{
    remora_handle_map_remove(&created, context->handle);
    atomic_store(&context->alive, false);
}

/* The session of this process: a fork's child has another than its parent. */
static unsigned int session_number;

static struct context_stack *own_stack(void)
{
    if (stack.session != session_number) {
        memset(&stack, 0, sizeof(stack));
        stack.session = session_number;
    }
    return &stack;
}

struct remora_context *remora_current(void)
{
    return own_stack()->current;
}

CUresult remora_usable_context(struct remora_context **context)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_context *top = remora_current();
    if (top == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    *context = top;
    return atomic_load_explicit(&top->alive, memory_order_relaxed)
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

uint64_t remora_current_handle(void)
{
    const struct remora_context *top = remora_current();
    return top == NULL ? 0 : top->handle;
}

CUresult remora_current_context(uint64_t *handle)
{
    const struct remora_context *top = remora_current();
    if (top == NULL) {
        return atomic_load_explicit(&begun, memory_order_acquire) ? CUDA_ERROR_INVALID_CONTEXT
                                                                  : CUDA_ERROR_NOT_INITIALIZED;
    }
    *handle = top->handle;
    return atomic_load_explicit(&top->alive, memory_order_relaxed)
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

CUresult remora_context(CUcontext context, uint64_t *handle)
{
    const struct remora_context *found = remora_find_context(context);
    if (found == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    *handle = found->handle;
    return CUDA_SUCCESS;
}

static struct remora_context **places(struct context_stack *of)
{
    return of->grown == NULL ? of->inlined : of->grown;
}

static bool make_room(struct context_stack *of)
{
    size_t capacity = of->grown == NULL ? STACK_INLINE : of->capacity;
    if (of->depth < capacity) {
        return true;
    }
    struct remora_context **grown = malloc(2 * capacity * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    memcpy(grown, places(of), of->depth * sizeof(*grown));
    free(of->grown);
    of->grown = grown;
    of->capacity = 2 * capacity;
    pthread_setspecific(stack_key, grown);
    return true;
}

bool remora_push_current(struct remora_context *context)
{
    struct context_stack *own = own_stack();
    if (!make_room(own)) {
        return false;
    }
    places(own)[own->depth++] = context;
    own->current = context;
    return true;
}

struct remora_context *remora_pop_current(void)
{
    struct context_stack *own = own_stack();
    struct remora_context *top = own->current;
    if (top != NULL) {
        own->depth--;
        own->current = own->depth == 0 ? NULL : places(own)[own->depth - 1];
    }
    return top;
}

bool remora_set_current(struct remora_context *context)
{
    if (context == NULL) {
        remora_pop_current();
        return true;
    }
    struct context_stack *own = own_stack();
    if (own->depth == 0) {
        return remora_push_current(context);
    }
    places(own)[own->depth - 1] = context;
    own->current = context;
    return true;
}

void remora_forget_contexts(void)
{
    pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    begin_lock = unlocked;
    atomic_store(&begun, false);
    primaries = NULL;
    primary_count = 0;
    remora_handle_map_forget(&created);
    session_number++;
}
