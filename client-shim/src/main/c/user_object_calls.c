/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of the program that it counts references to, and that graphs hold. Here it is counted what
 * the program itself has; what a graph is given is one share, however many references it is, until
 * the server tells that neither the graph nor any that was made of it has some of them. The
 * destructor runs on the thread of host functions.
 */
#define _POSIX_C_SOURCE 200809L

#include "user_objects.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "context.h"
#include "handle_map.h"
#include "remora_by_hand.h"

/* CU_USER_OBJECT_NO_DESTRUCTOR_SYNC, without which none can be made. */
#define NO_DESTRUCTOR_SYNC 1u

/* CU_GRAPH_USER_OBJECT_MOVE. */
#define MOVE 1u

struct user_object {
    uint64_t handle;
    CUhostFn destroy;
    void *argument;
    /* References of the program, and shares of graphs; it ends without any. */
    uint64_t references;
    uint64_t shares;
};

static struct remora_handle_map objects = REMORA_HANDLE_MAP_INITIALIZER;
/* Guards what is in objects. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Whether nobody has any; it is taken out then. The lock is held. */
static bool take_ended(const struct user_object *object)
{
    bool ended = object->references == 0 && object->shares == 0;
    if (ended) {
        remora_handle_map_remove(&objects, object->handle);
    }
    return ended;
}

static void destroy(void *data, CUresult status, struct remora_held held)
{
    struct user_object object = *(struct user_object *)data;
    (void)status;
    (void)held;
    free(data);
    object.destroy(object.argument);
}

/* Not in the calling thread, which may hold what the destructor needs. */
static void destroy_soon(struct user_object *object)
{
    if (!remora_callback_soon(destroy, object)) {
        remora_say_once("user object", "the destructor of a user object can't run any more");
    }
}

/* On the callback thread: no graph has any of the references of one share. */
static void share_ended(void *data, CUresult status)
{
    struct user_object *object = data;
    pthread_mutex_lock(&lock);
    object->shares--;
    bool ended = take_ended(object);
    pthread_mutex_unlock(&lock);
    if (ended) {
        destroy(object, status, (struct remora_held){0, 0});
    }
}

static bool is_count(unsigned int count)
{
    return count != 0 && count <= INT_MAX;
}

/* NULL if there is none. The lock is held. */
static struct user_object *find(CUuserObject object)
{
    return remora_handle_map_get(&objects, (uint64_t)(uintptr_t)object);
}

CUresult remora_cuUserObjectCreate(CUuserObject *object_out, void *ptr, CUhostFn destructor,
                                   unsigned int initial_refcount, unsigned int flags)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (object_out == NULL || destructor == NULL || !is_count(initial_refcount) ||
        flags != NO_DESTRUCTOR_SYNC) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct user_object *object = malloc(sizeof(*object));
    if (object == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *object = (struct user_object){remora_new_handle(), destructor, ptr, initial_refcount, 0};
    if (!remora_handle_map_put(&objects, object->handle, object)) {
        free(object);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *object_out = (CUuserObject)(uintptr_t)object->handle;
    return remora_local(CUDA_SUCCESS);
}

CUresult remora_cuUserObjectRetain(CUuserObject object, unsigned int count)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || !is_count(count)) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    pthread_mutex_lock(&lock);
    struct user_object *found = find(object);
    if (found != NULL) {
        found->references += count;
    }
    pthread_mutex_unlock(&lock);
    return remora_local(found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

CUresult remora_cuUserObjectRelease(CUuserObject object, unsigned int count)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS || !is_count(count)) {
        return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_VALUE;
    }
    bool ended = false;
    pthread_mutex_lock(&lock);
    struct user_object *found = find(object);
    bool enough = found != NULL && found->references >= count;
    if (enough) {
        found->references -= count;
        ended = take_ended(found);
    }
    pthread_mutex_unlock(&lock);
    if (ended) {
        destroy_soon(found);
    }
    return remora_local(enough ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

static CUresult send_share(uint64_t graph, uint64_t object, unsigned int count, uint64_t token)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_RETAIN_USER_OBJECT};
    CUresult result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphRetainUserObject(call.arguments, graph, object, count, token);
    return remora_call_async(&call);
}

/* Gives a graph a share; `object` can't end meanwhile. */
static CUresult give_share(uint64_t graph, struct user_object *object, unsigned int count)
{
    uint64_t token;
    CUresult result = remora_callback_register(graph, share_ended, object, &token);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = send_share(graph, object->handle, count, token);
    if (result != CUDA_SUCCESS) {
        remora_callback_forget(graph, token);
    }
    return result;
}

CUresult remora_cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned int count,
                                        unsigned int flags)
{
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (graph == NULL || !is_count(count) || (flags & ~MOVE) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    unsigned int moved = flags == MOVE ? count : 0;
    pthread_mutex_lock(&lock);
    struct user_object *found = find(object);
    bool enough = found != NULL && found->references >= moved;
    if (enough) {
        found->references -= moved;
        found->shares++;
    }
    pthread_mutex_unlock(&lock);
    if (!enough) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = give_share((uint64_t)(uintptr_t)graph, found, count);
    if (result == CUDA_SUCCESS) {
        return result;
    }
    pthread_mutex_lock(&lock);
    found->references += moved;
    found->shares--;
    bool ended = take_ended(found);
    pthread_mutex_unlock(&lock);
    if (ended) {
        destroy_soon(found);
    }
    return result;
}

CUresult remora_cuGraphReleaseUserObject(CUgraph graph, CUuserObject object, unsigned int count)
{
    struct remora_call call = {.number = REMORA_CALL_CU_GRAPH_RELEASE_USER_OBJECT};
    CUresult result = remora_initialized();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    pthread_mutex_lock(&lock);
    bool known = find(object) != NULL;
    pthread_mutex_unlock(&lock);
    if (graph == NULL || !known || !is_count(count)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = remora_call_begin_in(&call, remora_current_handle());
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_cuGraphReleaseUserObject(call.arguments, (uint64_t)(uintptr_t)graph,
                                           (uint64_t)(uintptr_t)object, count);
    return remora_call_async(&call);
}

void remora_forget_user_objects(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    remora_handle_map_forget(&objects);
}
