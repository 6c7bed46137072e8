/* SPDX-License-Identifier: Apache-2.0 */
/* From a server's address to an open session, and the words for the ways in which that goes wrong. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "servers.h"

#define CONNECT_NANOS_MAX (5 * REMORA_NANOS_PER_SECOND)
#define HANDSHAKE_NANOS_MAX (10 * REMORA_NANOS_PER_SECOND)

#ifndef REMORA_VERSION
#define REMORA_VERSION "development"
#endif

enum { FRAME_HELLO = 1 };
enum {
    HELLO_PROTOCOL_VERSION = 1,
    HELLO_TABLE_HASH,
    HELLO_SUPPORTED_CALLS,
    HELLO_CLIENT_NAME,
    HELLO_CLIENT_VERSION,
    HELLO_PROCESS_ID,
    HELLO_PROGRAM,
    HELLO_RESUMABLE,
    HELLO_RESUME,
    HELLO_PART,
    HELLO_FOLLOWS
};
enum { PART_INDEX = 1, PART_FIRST_DEVICE, PART_TAKEN };
enum { RANGE_ADDRESS = 1, RANGE_BYTES };
enum { RESUME_SESSION_ID = 1, RESUME_SECRET, RESUME_RECEIVED_BYTES };

/* As gRPC numbers them; only those that a server answers a new session with. */
enum {
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_UNAVAILABLE = 14,
    GRPC_UNAUTHENTICATED = 16
};

/* ---- why there is no session ---------------------------------------------------------------- */

static void explain_status(struct remora_connection *connection)
{
    const struct remora_stream_end *end = &connection->end;
    const char *server = connection->settings.server;
    switch (end->grpc_status) {
    case GRPC_UNAUTHENTICATED:
    case GRPC_PERMISSION_DENIED:
        remora_fail(connection, CUDA_ERROR_NOT_PERMITTED, "The server %s refused the token: %s",
                    server, end->message);
        break;
    case GRPC_FAILED_PRECONDITION:
        remora_fail(connection, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
                    "The server %s refused this client: %s", server, end->message);
        break;
    case GRPC_RESOURCE_EXHAUSTED:
    case GRPC_UNAVAILABLE:
        remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                    "The server %s opens no session: %s", server, end->message);
        break;
    case GRPC_UNIMPLEMENTED:
        remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                    "What answers at %s is not a Remora server.", server);
        break;
    default:
        remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                    "The server %s ended the handshake: status %d %s", server, end->grpc_status,
                    end->message);
    }
}

static void explain_end(struct remora_connection *connection)
{
    const struct remora_stream_end *end = &connection->end;
    const struct remora_settings *settings = &connection->settings;
    const char *problem = connection->channel.problem;
    const char *why = problem[0] != 0 ? problem : "the server gave no reason";
    if (end->grpc_status > 0) {
        explain_status(connection);
    } else if (end->http_status != 0 && end->http_status != 200) {
        remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                    "What answers at %s is not a Remora server (HTTP status %d).",
                    settings->server, end->http_status);
    } else if (end->closed && end->error_code == NGHTTP2_REFUSED_STREAM) {
        remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                    "The server %s opens no session: it is going down. Try again when it is back.",
                    settings->server);
    } else if (settings->plaintext) {
        remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                    "The connection to %s ended before a session was open: %s. The server may "
                    "want TLS: leave out REMORA_TLS=off.",
                    settings->server, why);
    } else {
        remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                    "The connection to %s ended before a session was open: %s. Is it a Remora "
                    "server, and does it take this client's certificate?",
                    settings->server, why);
    }
}

static void explain_silence(struct remora_connection *connection)
{
    remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                "The server %s accepted the connection and then said nothing for %d s: is it a "
                "Remora server, and is it overloaded?",
                connection->settings.server,
                (int)(HANDSHAKE_NANOS_MAX / REMORA_NANOS_PER_SECOND));
}

/* ---- the first frame in each direction ------------------------------------------------------ */

/* What a further session must know of those before it. */
static void write_part(const struct remora_connection *connection,
                       const struct remora_opened *before, struct remora_writer *out)
{
    size_t part = remora_begin_message(out, HELLO_PART);
    remora_write_varint(out, PART_INDEX, connection->index);
    remora_write_varint(out, PART_FIRST_DEVICE, connection->first_device);
    for (size_t i = 0; i < before->count; i++) {
        const struct remora_welcome *welcome = &before->at[i]->welcome;
        for (size_t device = 0; device < welcome->device_count; device++) {
            if (welcome->devices[device].slab_bytes != 0) {
                size_t range = remora_begin_message(out, PART_TAKEN);
                remora_write_varint(out, RANGE_ADDRESS, welcome->devices[device].slab_address);
                remora_write_varint(out, RANGE_BYTES, welcome->devices[device].slab_bytes);
                remora_end_message(out, range);
            }
        }
    }
    remora_end_message(out, part);
}

static void write_hello(const struct remora_connection *connection,
                        const struct remora_opened *before, struct remora_writer *out)
{
    size_t hello = remora_begin_message(out, FRAME_HELLO);
    remora_write_varint(out, HELLO_PROTOCOL_VERSION, REMORA_PROTOCOL_VERSION);
    remora_write_bytes(out, HELLO_TABLE_HASH, remora_table_hash, sizeof remora_table_hash);
    remora_write_bytes(out, HELLO_SUPPORTED_CALLS, remora_supported_calls,
                       sizeof remora_supported_calls);
    remora_write_string(out, HELLO_CLIENT_NAME, "remora-c");
    remora_write_string(out, HELLO_CLIENT_VERSION, REMORA_VERSION);
    remora_write_varint(out, HELLO_PROCESS_ID, (uint64_t)getpid());
    remora_write_string(out, HELLO_PROGRAM, connection->settings.program);
    remora_write_varint(out, HELLO_RESUMABLE, connection->settings.resume);
    if (connection->resuming) {
        size_t resume = remora_begin_message(out, HELLO_RESUME);
        remora_write_string(out, RESUME_SESSION_ID, connection->welcome.session_id);
        remora_write_bytes(out, RESUME_SECRET, connection->resume_secret,
                           sizeof connection->resume_secret);
        remora_write_varint(out, RESUME_RECEIVED_BYTES, connection->arrived.bytes);
        remora_end_message(out, resume);
    }
    if (before != NULL && before->count != 0) {
        write_part(connection, before, out);
    }
    remora_write_varint(out, HELLO_FOLLOWS, connection->settings.resume);
    remora_end_message(out, hello);
}

bool remora_hello(struct remora_connection *connection)
{
    struct remora_writer out;
    bool good = false;
    remora_writer_init(&out);
    if (remora_reserve(&out, REMORA_PREFIX_BYTES)) {
        out.length = REMORA_PREFIX_BYTES;
        write_hello(connection, NULL, &out);
    }
    if (!out.failed) {
        remora_put_prefix(out.data, out.length - REMORA_PREFIX_BYTES);
        good = remora_send_first(connection, &out);
    }
    remora_writer_free(&out);
    return good;
}

static void await_welcome(struct remora_connection *connection, int64_t deadline)
{
    while (!connection->welcomed && connection->failure == CUDA_SUCCESS) {
        if (remora_now() >= deadline) {
            explain_silence(connection);
            return;
        }
        remora_look(connection, deadline);
    }
    int64_t apart = (int64_t)connection->server_protocol - REMORA_PROTOCOL_VERSION;
    if (connection->failure == CUDA_SUCCESS && (apart < -1 || apart > 1)) {
        remora_fail(connection, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
                    "The server %s speaks protocol version %lld, this client version %d: install "
                    "the same release on both ends.",
                    connection->settings.server, (long long)connection->server_protocol,
                    REMORA_PROTOCOL_VERSION);
    }
}

/* ---- from nothing to an open stream --------------------------------------------------------- */

bool remora_open_channel(struct remora_connection *connection, int64_t deadline, CUresult *result,
                         char words[REMORA_WORDS_BYTES_MAX])
{
    const struct remora_settings *settings = &connection->settings;
    *result = CUDA_ERROR_NO_DEVICE;
    int fd = remora_connect(settings, remora_now() + CONNECT_NANOS_MAX, words);
    if (fd < 0) {
        return false;
    }
    if (!remora_channel_open(&connection->channel, fd)) {
        close(fd);
        *result = CUDA_ERROR_OUT_OF_MEMORY;
        return remora_words(words, "There is no memory left to connect.");
    }
    connection->channel_open = true;
    remora_note_socket(connection->index, fd);
    return settings->plaintext
        || remora_tls_open(&connection->channel, settings, deadline, words);
}

CUresult remora_shake_hands(struct remora_connection *connection,
                            const struct remora_opened *before)
{
    int64_t deadline = remora_now() + HANDSHAKE_NANOS_MAX;
    connection->input = malloc(REMORA_INPUT_BYTES);
    connection->received_at = remora_now();
    remora_sender_reset(connection);
    if (connection->input == NULL || connection->batch.failed || !remora_http2_open(connection)) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY, "There is no memory left to connect.");
        return connection->failure;
    }
    write_hello(connection, before, &connection->batch);
    remora_send_hello(connection);
    await_welcome(connection, deadline);
    return connection->failure;
}

void remora_explain_end(struct remora_connection *connection)
{
    const struct remora_stream_end *end = &connection->end;
    if (!connection->welcomed) {
        explain_end(connection);
        return;
    }
    const char *why = end->message[0] != 0 ? end->message
        : connection->channel.problem[0] != 0 ? connection->channel.problem
                                              : "the server has ended the session";
    remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                "The connection to the server %s is gone: %s. The session is lost; start the "
                "program again when the server is back.",
                connection->settings.server, why);
}
