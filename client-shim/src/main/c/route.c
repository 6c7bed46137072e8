/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several servers a call is for. The call table says which of its fields name something
 * that one server has (remora_routes.h); they are read from the encoded arguments, so that every
 * call, whoever has written it, is routed here and nowhere else.
 */
#include "connection.h"
#include "remora_routes.h"

struct remora_connection *remora_connection_of(uint64_t context)
{
    return remora_connection_at(remora_home(context));
}

bool remora_can_call(size_t server, uint32_t number)
{
    return remora_knows_call(remora_connection_at(server), number);
}

/* Values of a route's fields; 0 for those that aren't there. */
static void read_fields(const struct remora_route *route, const struct remora_writer *arguments,
                        uint64_t values[REMORA_ROUTE_FIELDS_MAX])
{
    struct remora_reader in = remora_reader_of(arguments->data, arguments->length);
    uint32_t tag;
    for (uint32_t i = 0; i < route->count; i++) {
        values[i] = 0;
    }
    /* A payload that is sent separately is the end of the message, and ends this. */
    while (remora_read_tag(&in, &tag)) {
        if ((tag & 7) != REMORA_WIRE_VARINT) {
            remora_skip(&in, tag);
            continue;
        }
        uint64_t value = remora_read_varint(&in);
        for (uint32_t i = 0; i < route->count; i++) {
            if (route->fields[i].number == tag >> 3) {
                values[i] = value;
            }
        }
    }
}

/* A context of a device's server: the given one, or else the device's primary context. */
static uint64_t of_device(uint64_t context, uint64_t device)
{
    return remora_home(device) == remora_home(context) ? context : device;
}

static uint64_t of_handle(uint64_t context, uint64_t handle)
{
    size_t home = remora_home(handle);
    if (home == remora_home(context) || home >= remora_server_count()) {
        return context;
    }
    return remora_connection_at(home)->first_device;
}

uint64_t remora_route_context(uint32_t number, uint64_t context,
                              const struct remora_writer *arguments)
{
    const struct remora_route *route = remora_route_of(number);
    uint64_t values[REMORA_ROUTE_FIELDS_MAX];
    bool legacy = false;
    if (route == NULL || arguments->failed) {
        return context;
    }
    read_fields(route, arguments, values);
    for (uint32_t i = 0; i < route->count; i++) {
        uint64_t value = values[i];
        uint8_t kind = route->fields[i].kind;
        int device;
        switch (kind) {
        case REMORA_ROUTE_STREAM:
            if (value >= REMORA_FIRST_HANDLE) {
                return of_handle(context, value);
            }
            /* The context's own: then only memory can be elsewhere. */
            legacy = true;
            break;
        case REMORA_ROUTE_OBJECT:
        case REMORA_ROUTE_CONTEXT:
            if (value >= REMORA_FIRST_HANDLE && !legacy) {
                return of_handle(context, value);
            }
            if (kind == REMORA_ROUTE_CONTEXT && value != 0 && !legacy) {
                return of_device(context, value);
            }
            break;
        case REMORA_ROUTE_POOL:
            if (value != 0 && !legacy) {
                return value >= REMORA_FIRST_HANDLE ? of_handle(context, value)
                                                    : of_device(context, value - 1);
            }
            break;
        case REMORA_ROUTE_DEVICE:
            return of_device(context, value);
        default:
            device = value == 0 ? -1 : remora_device_of_address(value);
            if (device >= 0) {
                return of_device(context, (uint64_t)device);
            }
        }
    }
    return context;
}

/* ---- calls whose server is seen when their arguments are there ------------------------------- */

CUresult remora_begin_draft(struct remora_call *call, uint64_t context)
{
    struct remora_thread *thread = remora_thread_self();
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    remora_writer_reset(&thread->draft);
    thread->draft_context = context;
    call->arguments = &thread->draft;
    call->state = NULL;
    remora_set_within_call(true);
    return CUDA_SUCCESS;
}

static CUresult settle_draft(struct remora_call *call, struct remora_connection **connection)
{
    struct remora_thread *thread = remora_thread_self();
    const struct remora_writer *draft = &thread->draft;
    remora_set_within_call(false);
    if (draft->failed) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    uint64_t context = remora_route_context(call->number, thread->draft_context, draft);
    *connection = remora_connection_of(context);
    CUresult result = remora_begin_on(*connection, call, context);
    struct remora_writer *out = &(*connection)->batch;
    if (result == CUDA_SUCCESS && draft->length != 0 && remora_reserve(out, draft->length)) {
        memcpy(out->data + out->length, draft->data, draft->length);
        out->length += draft->length;
    }
    return result;
}

CUresult remora_settle(struct remora_call *call, struct remora_connection **connection)
{
    if (remora_several) {
        return settle_draft(call, connection);
    }
    *connection = call->state;
    return CUDA_SUCCESS;
}

/* ---- all servers ---------------------------------------------------------------------------- */

void remora_flush(void)
{
    if (remora_ready() != CUDA_SUCCESS) {
        return;
    }
    int cancel = remora_hold_cancellation();
    for (size_t i = 0; i < remora_server_count(); i++) {
        struct remora_connection *connection = remora_connection_at(i);
        pthread_mutex_lock(&connection->lock);
        if (connection->batched != 0) {
            remora_send_batch(connection);
        }
        pthread_mutex_unlock(&connection->lock);
    }
    remora_release_cancellation(cancel);
}
