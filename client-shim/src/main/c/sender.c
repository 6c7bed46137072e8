/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers calls, encodes them one behind the other into one frame, and sends the frame when it is
 * full, when a call waits, or when the background thread finds it lying there. A call holds the
 * connection's lock from its begin to its end, so it is encoded where it will be sent from. The
 * server's credits bound what is under way: without credit, callers block.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "clock.h"
#include "connection.h"

/* Beyond this, more calls in one frame don't make a call cheaper. */
#define BATCH_CALLS_MAX 128
#define BATCH_BYTES_MAX (16 << 10)

enum { FRAME_FIRST_SEQUENCE = 2, FRAME_CALLS = 3, FRAME_CALLBACKS_DONE = 4 };
enum { CALL_NUMBER = 1, CALL_ARGUMENTS = 2, CALL_CONTEXT = 3, CALL_START_WITHIN_MICROS = 4 };

/* ---- frames --------------------------------------------------------------------------------- */

static void begin_frame(struct remora_connection *connection)
{
    struct remora_writer *out = &connection->batch;
    remora_writer_reset(out);
    if (remora_reserve(out, REMORA_PREFIX_BYTES)) {
        out->length = REMORA_PREFIX_BYTES;
    }
}

void remora_sender_reset(struct remora_connection *connection)
{
    connection->next_sequence = 1;
    begin_frame(connection);
}

/* The frame that was written becomes the message on its way; none must be. */
static void transmit(struct remora_connection *connection, const struct remora_rows *tail,
                     uint64_t tail_offset)
{
    remora_keep(connection, tail, tail_offset);
    connection->batched = 0;
    connection->batch_number++;
    begin_frame(connection);
    if (connection->failure != CUDA_SUCCESS) {
        return;
    }
    remora_http2_push(connection);
    remora_drain(connection);
}

void remora_send_hello(struct remora_connection *connection)
{
    transmit(connection, NULL, 0);
    /* Credits are about calls. */
    connection->sent_bytes = 0;
}

/* The calling thread's own; without memory for it the session can't go on. */
static struct remora_thread *waiting_thread(struct remora_connection *connection)
{
    struct remora_thread *thread = remora_thread_self();
    if (thread == NULL) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY, "There is no memory left to wait with.");
    }
    return thread;
}

void remora_send_batch(struct remora_connection *connection)
{
    bool waited = false;
    while (connection->transit.active && connection->failure == CUDA_SUCCESS) {
        struct remora_thread *thread = waiting_thread(connection);
        if (thread != NULL) {
            waited = true;
            remora_wait_turn(connection, thread, false);
        }
    }
    /* While this thread waited, another may have sent the frame. */
    if (connection->batched != 0 && connection->failure == CUDA_SUCCESS) {
        transmit(connection, NULL, 0);
    }
    if (waited) {
        remora_hand_on(connection);
    }
}

/* ---- credit --------------------------------------------------------------------------------- */

static bool has_credit(const struct remora_connection *connection, size_t payload_bytes)
{
    uint64_t under_way = connection->sent_bytes - connection->consumed_bytes
        + (connection->batched != 0 ? connection->batch.length : 0);
    bool bytes = under_way == 0 || under_way + payload_bytes <= connection->window_bytes;
    return bytes
        && connection->next_sequence - connection->consumed_sequence <= connection->window_calls;
}

/* Waits for credit; with a payload also until nothing else is on its way or waits to be sent. */
static void await_room(struct remora_connection *connection, size_t payload_bytes)
{
    int64_t start = remora_now();
    for (;;) {
        /* Only calls that are sent are ever consumed. */
        if (connection->batched != 0) {
            remora_send_batch(connection);
        }
        bool free_slot = payload_bytes == 0 || !connection->transit.active;
        if (connection->failure != CUDA_SUCCESS
            || (free_slot && connection->batched == 0 && has_credit(connection, payload_bytes))) {
            break;
        }
        struct remora_thread *thread = waiting_thread(connection);
        if (thread != NULL && connection->batched == 0) {
            remora_wait_turn(connection, thread, false);
        }
    }
    remora_hand_on(connection);
    remora_count_credit(connection, remora_now() - start);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void start_call(struct remora_connection *connection, uint32_t number, uint64_t context)
{
    struct remora_writer *out = &connection->batch;
    if (connection->batched == 0) {
        begin_frame(connection);
        remora_write_varint(out, FRAME_FIRST_SEQUENCE, connection->next_sequence);
    }
    connection->call_start = out->length;
    connection->call_message = remora_begin_message(out, FRAME_CALLS);
    remora_write_varint(out, CALL_NUMBER, number);
    remora_write_varint(out, CALL_CONTEXT, context);
    if (connection->settings.start_within_nanos != 0) {
        remora_write_varint(out, CALL_START_WITHIN_MICROS,
                            (uint64_t)connection->settings.start_within_nanos / 1000);
    }
    connection->arguments_message = remora_begin_message(out, CALL_ARGUMENTS);
}

/* Takes the call that was begun out of the frame, also if it has failed there. */
static void take_back(struct remora_connection *connection)
{
    struct remora_writer *out = &connection->batch;
    out->failed = false;
    out->length = connection->call_start;
    out->capacity = out->allocated;
    out->tail_bytes = 0;
}

/* What was written is a call of the frame; otherwise it is taken back. */
static CUresult end_call(struct remora_connection *connection, uint32_t number, bool waits)
{
    struct remora_writer *out = &connection->batch;
    remora_end_message(out, connection->arguments_message);
    remora_end_message(out, connection->call_message);
    size_t bytes = out->length - REMORA_PREFIX_BYTES + out->tail_bytes;
    if (out->failed || bytes > REMORA_FRAME_BYTES_MAX) {
        bool too_long = !out->failed;
        take_back(connection);
        return too_long ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    connection->batched++;
    connection->next_sequence++;
    remora_count_call(connection, number, waits, out->length - connection->call_start
                      + out->tail_bytes);
    return CUDA_SUCCESS;
}

/* Whether the calling thread is between the begin and the end of a call. */
static __thread bool within_call;

bool remora_within_call(void)
{
    return within_call;
}

void remora_set_within_call(bool within)
{
    within_call = within;
}

/* Takes the lock if a call can be made. */
static CUresult enter(struct remora_connection *connection, uint32_t number)
{
    CUresult result;
    if (!remora_knows_call(connection, number)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    pthread_mutex_lock(&connection->lock);
    if (connection->failure != CUDA_SUCCESS) {
        result = connection->failure;
        pthread_mutex_unlock(&connection->lock);
        return result;
    }
    connection->begun++;
    if (connection->background_asleep) {
        remora_background_wake(connection);
    }
    within_call = true;
    return CUDA_SUCCESS;
}

static CUresult leave(struct remora_connection *connection, CUresult result)
{
    if (result == CUDA_SUCCESS) {
        result = connection->failure;
    }
    within_call = false;
    pthread_mutex_unlock(&connection->lock);
    return result;
}

CUresult remora_begin_on(struct remora_connection *connection, struct remora_call *call,
                         uint64_t context)
{
    CUresult result = enter(connection, call->number);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (!has_credit(connection, 0)) {
        int cancel = remora_hold_cancellation();
        await_room(connection, 0);
        remora_release_cancellation(cancel);
        if (connection->failure != CUDA_SUCCESS) {
            return leave(connection, CUDA_SUCCESS);
        }
    }
    start_call(connection, call->number, context);
    call->state = connection;
    return CUDA_SUCCESS;
}

CUresult remora_call_begin_in(struct remora_call *call, uint64_t context)
{
    const struct remora_hooks *before = remora_hooks();
    CUresult result = before == NULL ? CUDA_SUCCESS : before->before_call(call->number, context);
    if (result == CUDA_SUCCESS) {
        result = remora_ready();
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (remora_several) {
        return remora_begin_draft(call, context);
    }
    struct remora_connection *connection = remora_connection();
    call->arguments = &connection->batch;
    return remora_begin_on(connection, call, context);
}

CUresult remora_call_begin(struct remora_call *call)
{
    uint64_t context = 0;
    CUresult result = remora_ready();
    if (result == CUDA_SUCCESS) {
        result = remora_current_context(&context);
    }
    return result == CUDA_SUCCESS ? remora_call_begin_in(call, context) : result;
}

void remora_call_cancel(struct remora_call *call)
{
    if (remora_several) {
        within_call = false;
        return;
    }
    struct remora_connection *connection = call->state;
    take_back(connection);
    leave(connection, CUDA_SUCCESS);
}

/* Sends a full frame; any other one the background thread will find. */
static void send_if_full(struct remora_connection *connection)
{
    if (connection->batched >= BATCH_CALLS_MAX || connection->batch.length >= BATCH_BYTES_MAX) {
        int cancel = remora_hold_cancellation();
        remora_send_batch(connection);
        remora_release_cancellation(cancel);
    }
}

CUresult remora_call_async(struct remora_call *call)
{
    struct remora_connection *connection;
    CUresult result = remora_settle(call, &connection);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    result = end_call(connection, call->number, false);
    if (result == CUDA_SUCCESS) {
        send_if_full(connection);
    }
    return remora_confirm_captured(leave(connection, result));
}

CUresult remora_end_expected(struct remora_connection *connection, uint32_t number,
                             struct remora_expected *expected)
{
    uint64_t sequence = connection->next_sequence;
    CUresult result = end_call(connection, number, false);
    if (result != CUDA_SUCCESS) {
        free(expected);
        return leave(connection, result);
    }
    expected->sequence = sequence;
    expected->number = number;
    remora_expect(connection, expected);
    send_if_full(connection);
    return leave(connection, CUDA_SUCCESS);
}

/* ---- waiting -------------------------------------------------------------------------------- */

/*
 * A call has its answer: what the program is told. That may be an earlier call's failure, which is
 * then taken out of the connection.
 */
static CUresult told(struct remora_connection *connection, struct remora_thread *thread,
                     struct remora_deferred *earlier)
{
    struct remora_deferred *deferred = &connection->deferred;
    CUresult result = thread->expected.result;
    earlier->present = false;
    if (result == REMORA_IMAGE_NEEDED || !deferred->present || remora_own_calls()
        || (result != CUDA_SUCCESS && result != deferred->result)) {
        return result;
    }
    *earlier = *deferred;
    deferred->present = false;
    memcpy(thread->detail, earlier->detail, sizeof thread->detail);
    return earlier->result;
}

/*
 * The program only gets a number, and from a call that has nothing to do with it. Only while streams
 * are captured the failing call itself answers, see remora_confirm_captured.
 */
static void explain(const struct remora_deferred *earlier, uint32_t number)
{
    if (number == REMORA_CALL_CU_STREAM_GET_CAPTURE_INFO) {
        return;
    }
    const struct remora_call_info *failed = remora_call_info(earlier->number);
    const struct remora_call_info *here = remora_call_info(number);
    if (earlier->present && earlier->detail[0] != 0 && failed != NULL && here != NULL) {
        remora_say_once(failed->name, "%s (call %llu of this session) failed, as %s tells: %s",
                        failed->name, (unsigned long long)earlier->sequence, here->name,
                        earlier->detail);
    }
}

CUresult remora_end_waited(struct remora_connection *connection, uint32_t number,
                           struct remora_thread *thread)
{
    struct remora_expected *expected = &thread->expected;
    uint64_t sequence = connection->next_sequence;
    CUresult result = end_call(connection, number, true);
    if (result != CUDA_SUCCESS) {
        return leave(connection, result);
    }
    int cancel = remora_hold_cancellation();
    int64_t start = remora_now();
    expected->sequence = sequence;
    expected->number = number;
    thread->outputs_length = 0;
    thread->detail[0] = 0;
    remora_expect(connection, expected);
    remora_send_batch(connection);
    while (!expected->done) {
        remora_wait_turn(connection, thread, true);
    }
    remora_hand_on(connection);
    int64_t waited = remora_now() - start;
    connection->wait_average_nanos += (waited - connection->wait_average_nanos) / 8;
    remora_count_wait(connection, number, waited,
                      expected->bulk ? expected->received : thread->outputs_length);
    struct remora_deferred earlier;
    result = told(connection, thread, &earlier);
    within_call = false;
    pthread_mutex_unlock(&connection->lock);
    explain(&earlier, number);
    if (!remora_own_calls()) {
        remora_output_write(&connection->output);
    }
    remora_release_cancellation(cancel);
    return result;
}

CUresult remora_call_sync(struct remora_call *call)
{
    struct remora_thread *thread = remora_thread_self();
    if (thread == NULL) {
        remora_call_cancel(call);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    thread->expected.bulk = false;
    struct remora_connection *connection;
    CUresult result = remora_settle(call, &connection);
    if (result == CUDA_SUCCESS) {
        result = remora_end_waited(connection, call->number, thread);
    }
    call->outputs = remora_reader_of(thread->outputs, thread->outputs_length);
    return result;
}

CUresult remora_call_end(struct remora_call *call, bool well_formed)
{
    if (well_formed) {
        return CUDA_SUCCESS;
    }
    struct remora_connection *connection = call->state;
    const struct remora_call_info *info = remora_call_info(call->number);
    char words[128] = "the answer to ";
    strncat(words, info == NULL ? "a call" : info->name, 80);
    strncat(words, " is malformed", 20);
    pthread_mutex_lock(&connection->lock);
    remora_fail_protocol(connection, words);
    return leave(connection, CUDA_SUCCESS);
}

/* ---- payloads ------------------------------------------------------------------------------- */

CUresult remora_begin_payload(uint32_t number, uint64_t context, size_t payload_bytes,
                              struct remora_connection **out)
{
    CUresult result = remora_ready();
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_connection *connection = remora_connection_of(context);
    result = enter(connection, number);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    if (connection->batched != 0 || connection->transit.active
        || !has_credit(connection, payload_bytes)) {
        await_room(connection, payload_bytes);
        if (connection->failure != CUDA_SUCCESS) {
            return leave(connection, CUDA_SUCCESS);
        }
    }
    start_call(connection, number, context);
    *out = connection;
    return CUDA_SUCCESS;
}

CUresult remora_end_payload(struct remora_connection *connection, uint32_t number,
                            struct remora_rows rows, uint64_t offset, size_t bytes)
{
    if (connection->batch.tail_bytes != bytes && !connection->batch.failed) {
        take_back(connection);
        return leave(connection, CUDA_ERROR_UNKNOWN);
    }
    CUresult result = end_call(connection, number, false);
    if (result != CUDA_SUCCESS) {
        return leave(connection, result);
    }
    struct remora_thread *thread = waiting_thread(connection);
    uint64_t own = connection->batch_number;
    if (thread != NULL) {
        transmit(connection, &rows, offset);
    }
    /* The memory is the caller's again once no byte of it is left to send. */
    while (connection->transit.active && connection->batch_number == own + 1
           && connection->failure == CUDA_SUCCESS) {
        remora_wait_turn(connection, thread, false);
    }
    remora_drain(connection);
    remora_hand_on(connection);
    return leave(connection, CUDA_SUCCESS);
}

void remora_send_callback_done(struct remora_connection *connection, uint64_t sequence)
{
    struct remora_thread *thread = waiting_thread(connection);
    while (thread != NULL && connection->failure == CUDA_SUCCESS
           && (connection->batched != 0 || connection->transit.active)) {
        if (connection->batched != 0) {
            remora_send_batch(connection);
        } else {
            remora_wait_turn(connection, thread, false);
        }
    }
    if (connection->failure == CUDA_SUCCESS) {
        begin_frame(connection);
        remora_write_uint64s(&connection->batch, FRAME_CALLBACKS_DONE, &sequence, 1);
        transmit(connection, NULL, 0);
    }
    remora_hand_on(connection);
}
