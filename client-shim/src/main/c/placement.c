/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a session finds its server in a pool: any member is asked by a call of its own,
 * remora.v1.Pool/Place, over a connection that ends with it. The answer is a stream: the place in
 * line, again and again while there is no room, and in the end the server.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "servers.h"

#define CONNECT_NANOS_MAX (5 * REMORA_NANOS_PER_SECOND)

/* A member that looks for room says every 3 s that it still does. */
#define SILENCE_NANOS_MAX (10 * REMORA_NANOS_PER_SECOND)

#define REPLY_BYTES_MAX (64 << 10)
#define READ_BYTES (16 << 10)

static const char PATH[] = "/remora.v1.Pool/Place";

enum {
    PLACE_GPUS = 1,
    PLACE_MEMORY,
    PLACE_CLASS,
    PLACE_LABELS,
    PLACE_POLICY,
    PLACE_WAIT,
    PLACE_AVOID,
    PLACE_SEVERAL_SERVERS
};
enum { REPLY_POSITION = 1, REPLY_MEMBER, REPLY_SERVER, REPLY_PLACEMENT, REPLY_MORE };
enum { GRANT_MEMBER = 1, GRANT_SERVER, GRANT_PLACEMENT };

/* As gRPC numbers them. */
enum {
    GRPC_OK = 0,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_UNAVAILABLE = 14,
    GRPC_UNAUTHENTICATED = 16
};

/* One question to one member. */
struct question {
    const struct remora_settings *settings;
    struct remora_channel channel;
    nghttp2_session *session;
    int32_t stream;
    struct remora_stream_end end;
    struct remora_writer request;
    size_t sent;
    uint8_t reply[REMORA_PREFIX_BYTES + REPLY_BYTES_MAX];
    size_t reply_length;
    int64_t heard_at;
    uint64_t position;
    bool placed;
    bool malformed;
    struct remora_grants grants;
};

/* What became of it. */
enum outcome {
    PLACED,
    /* Another member may answer. */
    SILENT,
    /* No other member would answer otherwise. */
    REFUSED
};

/* ---- the call ------------------------------------------------------------------------------- */

static ssize_t send_bytes(nghttp2_session *session, const uint8_t *bytes, size_t length, int flags,
                          void *user_data)
{
    (void)session;
    (void)flags;
    struct question *question = user_data;
    if (length > remora_channel_room(&question->channel)) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    remora_channel_append(&question->channel, bytes, length, false);
    return (ssize_t)length;
}

static ssize_t read_request(nghttp2_session *session, int32_t stream_id, uint8_t *buffer,
                            size_t length, uint32_t *flags, nghttp2_data_source *source,
                            void *user_data)
{
    (void)session;
    (void)stream_id;
    (void)source;
    struct question *question = user_data;
    size_t part = question->request.length - question->sent;
    part = part < length ? part : length;
    memcpy(buffer, question->request.data + question->sent, part);
    question->sent += part;
    if (question->sent == question->request.length) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)part;
}

static bool keep(struct remora_span text, char *out, size_t capacity)
{
    if (text.length >= capacity) {
        return false;
    }
    memcpy(out, text.data, text.length);
    out[text.length] = 0;
    /* It goes into a header. */
    for (size_t i = 0; i < text.length; i++) {
        if (out[i] <= ' ' || out[i] > '~') {
            return false;
        }
    }
    return true;
}

/* One more grant; false if it can't be. */
static bool read_grant(struct question *question, struct remora_reader in)
{
    uint32_t tag;
    struct remora_grants *grants = &question->grants;
    if (grants->count >= REMORA_SERVERS_MAX) {
        return false;
    }
    struct remora_grant *grant = &grants->at[grants->count++];
    bool fits = true;
    memset(grant, 0, sizeof *grant);
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case GRANT_MEMBER << 3 | REMORA_WIRE_LENGTH:
            fits &= keep(remora_read_span(&in), grant->member, sizeof grant->member);
            break;
        case GRANT_SERVER << 3 | REMORA_WIRE_LENGTH:
            fits &= keep(remora_read_span(&in), grant->server, sizeof grant->server);
            break;
        case GRANT_PLACEMENT << 3 | REMORA_WIRE_LENGTH:
            fits &= keep(remora_read_span(&in), grant->placement, sizeof grant->placement);
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    return fits && !in.failed;
}

static void read_reply(struct question *question, struct remora_reader in)
{
    uint32_t tag;
    bool fits = true;
    uint64_t position = 0;
    struct remora_grant *first = &question->grants.at[0];
    question->grants.count = 1;
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case REPLY_POSITION << 3 | REMORA_WIRE_VARINT:
            position = remora_read_varint(&in);
            break;
        case REPLY_MEMBER << 3 | REMORA_WIRE_LENGTH:
            fits &= keep(remora_read_span(&in), first->member, sizeof first->member);
            break;
        case REPLY_SERVER << 3 | REMORA_WIRE_LENGTH:
            fits &= keep(remora_read_span(&in), first->server, sizeof first->server);
            break;
        case REPLY_PLACEMENT << 3 | REMORA_WIRE_LENGTH:
            fits &= keep(remora_read_span(&in), first->placement, sizeof first->placement);
            break;
        case REPLY_MORE << 3 | REMORA_WIRE_LENGTH: {
            struct remora_span more = remora_read_span(&in);
            fits &= read_grant(question, remora_reader_of(more.data, more.length));
            break;
        }
        default:
            remora_skip(&in, tag);
        }
    }
    question->malformed = question->malformed || in.failed || !fits;
    question->placed = first->placement[0] != 0;
    if (position != 0 && position != question->position) {
        remora_say("Waiting for a device of the pool: %llu in line.", (unsigned long long)position);
    }
    question->position = position;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id,
                   const uint8_t *bytes, size_t length, void *user_data)
{
    (void)session;
    (void)flags;
    struct question *question = user_data;
    if (stream_id != question->stream || question->malformed) {
        return 0;
    }
    while (length != 0) {
        size_t part = sizeof question->reply - question->reply_length;
        part = part < length ? part : length;
        memcpy(question->reply + question->reply_length, bytes, part);
        question->reply_length += part;
        bytes += part;
        length -= part;
        while (question->reply_length >= REMORA_PREFIX_BYTES && !question->malformed) {
            const uint8_t *prefix = question->reply;
            size_t message = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16
                | (size_t)prefix[3] << 8 | prefix[4];
            if (prefix[0] != 0 || message > REPLY_BYTES_MAX) {
                question->malformed = true;
                return 0;
            }
            size_t whole = REMORA_PREFIX_BYTES + message;
            if (question->reply_length < whole) {
                break;
            }
            read_reply(question, remora_reader_of(prefix + REMORA_PREFIX_BYTES, message));
            question->reply_length -= whole;
            memmove(question->reply, question->reply + whole, question->reply_length);
        }
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user_data)
{
    (void)session;
    (void)flags;
    struct question *question = user_data;
    if (frame->hd.stream_id == question->stream) {
        remora_note_header(&question->end, name, name_length, value, value_length);
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code,
                           void *user_data)
{
    (void)session;
    struct question *question = user_data;
    if (stream_id == question->stream) {
        question->end.closed = true;
        question->end.error_code = error_code;
    }
    return 0;
}

static bool begin(struct question *question)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return false;
    }
    nghttp2_session_callbacks_set_send_callback(callbacks, send_bytes);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    int problem = nghttp2_session_client_new(&question->session, callbacks, question);
    nghttp2_session_callbacks_del(callbacks);
    if (problem != 0
        || nghttp2_submit_settings(question->session, NGHTTP2_FLAG_NONE, NULL, 0) != 0) {
        return false;
    }
    char bearer[REMORA_BEARER_BYTES];
    nghttp2_nv headers[REMORA_HEADERS_MAX];
    size_t count = remora_http2_headers(question->settings, PATH, bearer, headers);
    nghttp2_data_provider data = {.read_callback = read_request};
    question->stream =
        nghttp2_submit_request(question->session, NULL, headers, count, &data, NULL);
    return question->stream > 0;
}

/* Reads all there is; false once nothing more will come. */
static bool read_all(struct question *question)
{
    uint8_t bytes[READ_BYTES];
    for (;;) {
        ssize_t got = remora_channel_read(&question->channel, bytes, sizeof bytes);
        if (got <= 0) {
            return got == 0;
        }
        question->heard_at = remora_now();
        if (nghttp2_session_mem_recv(question->session, bytes, (size_t)got) < 0) {
            question->malformed = true;
            return false;
        }
    }
}

/* Asks, and handles what comes until the call is over or the member silent. */
static void converse(struct question *question)
{
    question->heard_at = remora_now();
    while (!question->end.closed && !question->malformed) {
        if (nghttp2_session_send(question->session) != 0
            || !remora_channel_push(&question->channel)) {
            return;
        }
        int64_t deadline = question->heard_at + SILENCE_NANOS_MAX;
        struct pollfd waiting = {
            .fd = question->channel.fd,
            .events =
                (short)(remora_channel_pending(&question->channel) ? POLLIN | POLLOUT : POLLIN),
        };
        int64_t now = remora_now();
        if (now >= deadline) {
            return;
        }
        if (poll(&waiting, 1, remora_poll_millis(now, deadline)) > 0) {
            question->channel.drained = false;
            if (!read_all(question)) {
                return;
            }
        }
    }
}

/* ---- one member ----------------------------------------------------------------------------- */

static void write_request(struct question *question, const char *avoid)
{
    struct remora_writer *out = &question->request;
    const struct remora_wants *wants = &question->settings->wants;
    remora_writer_init(out);
    if (!remora_reserve(out, REMORA_PREFIX_BYTES)) {
        return;
    }
    out->length = REMORA_PREFIX_BYTES;
    remora_write_string(out, PLACE_GPUS, wants->gpus);
    remora_write_string(out, PLACE_MEMORY, wants->memory);
    remora_write_string(out, PLACE_CLASS, wants->tenant_class);
    remora_write_string(out, PLACE_LABELS, wants->labels);
    remora_write_string(out, PLACE_POLICY, wants->policy);
    remora_write_string(out, PLACE_WAIT, wants->wait);
    while (*avoid != 0) {
        size_t length = strcspn(avoid, ",");
        remora_write_present_bytes(out, PLACE_AVOID, avoid, length);
        avoid += length + (avoid[length] == ',' ? 1 : 0);
    }
    remora_write_varint(out, PLACE_SEVERAL_SERVERS, 1);
    if (!out->failed) {
        remora_put_prefix(out->data, out->length - REMORA_PREFIX_BYTES);
    }
}

static enum outcome explain(const struct question *question, CUresult *result, char *words)
{
    const char *server = question->settings->server;
    const struct remora_stream_end *end = &question->end;
    if (question->malformed) {
        remora_words(words, "What answers at %s doesn't speak the protocol: is it a Remora server?",
                     server);
        return SILENT;
    }
    if (end->grpc_status == GRPC_UNAVAILABLE) {
        remora_words(words, "The server %s finds no place: %s", server, end->message);
        return SILENT;
    }
    if (end->grpc_status < 0) {
        const char *problem = question->channel.problem;
        remora_words(words, "The server %s gave no answer: %s.", server,
                     problem[0] != 0 ? problem : "it is silent");
        return SILENT;
    }
    if (end->grpc_status == GRPC_UNAUTHENTICATED || end->grpc_status == GRPC_PERMISSION_DENIED) {
        *result = CUDA_ERROR_NOT_PERMITTED;
        remora_words(words, "The server %s refused the token: %s", server, end->message);
    } else if (end->grpc_status == GRPC_UNIMPLEMENTED) {
        remora_words(words,
                     "The server %s knows nothing of pools: it is older than this client. Leave out "
                     "REMORA_GPUS and what else is asked for, or install the same release.",
                     server);
    } else {
        *result = CUDA_ERROR_DEVICE_UNAVAILABLE;
        remora_words(words, "The pool gives no device: %s", end->message);
    }
    return REFUSED;
}

static enum outcome conclude(struct question *question, struct remora_grants *grants,
                             CUresult *result, char *words)
{
    /* An older server has no pool, but it has devices. */
    bool plain = question->end.grpc_status == GRPC_UNIMPLEMENTED
        && !remora_wants_something(&question->settings->wants);
    bool placed = question->end.grpc_status == GRPC_OK && question->placed && !question->malformed;
    if (!placed && !plain) {
        return explain(question, result, words);
    }
    question->grants.count = placed ? question->grants.count : 1;
    *grants = question->grants;
    return PLACED;
}

/* Asks the server that the settings name. */
static enum outcome ask(const struct remora_settings *settings, const char *avoid,
                        struct remora_grants *grants, CUresult *result, char *words)
{
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        *result = CUDA_ERROR_OUT_OF_MEMORY;
        remora_words(words, "There is no memory left to connect.");
        return REFUSED;
    }
    question->settings = settings;
    question->end.grpc_status = -1;
    enum outcome outcome = SILENT;
    int fd = remora_connect(settings, remora_now() + CONNECT_NANOS_MAX, words);
    if (fd >= 0 && !remora_channel_open(&question->channel, fd)) {
        close(fd);
        remora_words(words, "There is no memory left to connect.");
    } else if (fd >= 0) {
        remora_note_socket(REMORA_SERVERS_MAX, fd);
        write_request(question, avoid);
        bool open = settings->plaintext
            || remora_tls_open(&question->channel, settings, remora_now() + SILENCE_NANOS_MAX,
                               words);
        if (open && !question->request.failed && begin(question)) {
            converse(question);
            outcome = conclude(question, grants, result, words);
        }
        if (question->session != NULL) {
            nghttp2_session_del(question->session);
        }
        remora_note_socket(REMORA_SERVERS_MAX, -1);
        remora_channel_close(&question->channel);
        remora_writer_free(&question->request);
    }
    free(question);
    return outcome;
}

/* ---- all of them ---------------------------------------------------------------------------- */

bool remora_place(struct remora_settings *settings, const char *avoid,
                  struct remora_grants *grants, CUresult *result,
                  char words[REMORA_WORDS_BYTES_MAX])
{
    char rest[REMORA_SERVERS_BYTES_MAX];
    char *place = NULL;
    char last[REMORA_WORDS_BYTES_MAX] = "";
    memcpy(rest, settings->servers, sizeof rest);
    *result = CUDA_ERROR_NO_DEVICE;
    for (char *each = strtok_r(rest, ", ", &place); each != NULL;
         each = strtok_r(NULL, ", ", &place)) {
        if (!remora_settings_use_server(settings, each, words)) {
            return false;
        }
        enum outcome outcome = ask(settings, avoid, grants, result, last);
        if (outcome == PLACED) {
            return true;
        }
        if (outcome == REFUSED) {
            memcpy(words, last, sizeof last);
            return false;
        }
    }
    return remora_words(words, "None of the servers in REMORA_SERVER finds a place. The last one: %.900s",
                        last);
}
