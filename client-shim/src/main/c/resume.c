/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes on with a session whose connection was cut, or that has moved to another server: connects
 * again and again until the server takes it, or its grace time is over. The lock is held all the
 * while: whoever calls has to wait anyway.
 */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"

#define PAUSE_NANOS_MIN (5 * REMORA_NANOS_PER_MILLI)
#define PAUSE_NANOS_MAX (250 * REMORA_NANOS_PER_MILLI)

/* A server that takes a connection and then is silent for so long is tried again. */
#define ATTEMPT_NANOS_MAX (5 * REMORA_NANOS_PER_SECOND)

/*
 * A server that is gone for so long may have given its sessions to another while this process could
 * not be told: those that the user has named are asked, and again after each such time.
 */
#define ELSEWHERE_NANOS REMORA_NANOS_PER_SECOND

/* A server that stops may be back in time, one that has no room may have some. */
enum { GRPC_RESOURCE_EXHAUSTED = 8, GRPC_UNAVAILABLE = 14 };

/* The stream and its channel; the messages that the server may not have stay. */
static void close_stream(struct remora_connection *connection)
{
    struct remora_stream_end none = {.grpc_status = -1};
    remora_forget_transit(connection);
    remora_receive_again(connection);
    if (connection->session != NULL) {
        nghttp2_session_del(connection->session);
        connection->session = NULL;
    }
    if (connection->channel_open) {
        remora_note_socket(connection->index, -1);
        connection->channel_open = false;
        /* Another thread may wait for the socket. */
        remora_channel_shut(&connection->channel);
        remora_channel_close(&connection->channel);
        connection->channel.problem[0] = 0;
    }
    connection->stream = 0;
    connection->end = none;
    connection->cut = false;
    connection->resumed = false;
    connection->pinged = false;
}

static void keep_words(char words[REMORA_WORDS_BYTES_MAX], const struct remora_connection *connection)
{
    const struct remora_stream_end *end = &connection->end;
    const char *why = end->message[0] != 0 ? end->message
        : connection->channel.problem[0] != 0 ? connection->channel.problem
                                              : "the server doesn't answer";
    remora_words(words, "%s.", why);
}

static bool await_resumed(struct remora_connection *connection, int64_t deadline)
{
    while (!connection->resumed && !connection->cut && connection->failure == CUDA_SUCCESS) {
        if (remora_now() >= deadline) {
            return false;
        }
        remora_look(connection, deadline);
    }
    return connection->resumed && connection->failure == CUDA_SUCCESS;
}

/* One try. False: `words` says why, and `final` whether the server has refused for good. */
static bool attempt(struct remora_connection *connection, int64_t deadline, bool *final,
                    char words[REMORA_WORDS_BYTES_MAX])
{
    *final = false;
    CUresult result;
    close_stream(connection);
    if (!remora_open_channel(connection, deadline, &result, words)) {
        return false;
    }
    connection->received_at = remora_now();
    if (!remora_http2_open(connection) || !remora_hello(connection)) {
        return remora_words(words, "there is no memory left to connect.");
    }
    if (!await_resumed(connection, deadline)) {
        int status = connection->end.grpc_status;
        *final = status > 0 && status != GRPC_UNAVAILABLE && status != GRPC_RESOURCE_EXHAUSTED;
        keep_words(words, connection);
        return false;
    }
    if (!remora_release(connection, connection->resumed_position)) {
        remora_fail_protocol(connection, "it has got what was not sent");
        return false;
    }
    return true;
}

static void pause_for(int64_t nanos)
{
    struct timespec pause = {.tv_sec = nanos / REMORA_NANOS_PER_SECOND,
                             .tv_nsec = nanos % REMORA_NANOS_PER_SECOND};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

static void give_up(struct remora_connection *connection, bool final, const char *words)
{
    if (final) {
        remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                    "The connection to the server %s was cut, and the session can't go on: %s The "
                    "session is lost; start the program again.",
                    connection->settings.server, words);
    } else {
        remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                    "The connection to the server %s was cut and could not be restored within the "
                    "%lld ms for which the server keeps a session: %s The session is lost; start "
                    "the program again when the server is back.",
                    connection->settings.server,
                    (long long)(connection->resume_grace_nanos / REMORA_NANOS_PER_MILLI), words);
    }
}

static bool may_resume(const struct remora_connection *connection)
{
    /* A server that ends a stream on purpose says a status. */
    return connection->resume_grace_nanos != 0 && connection->failure == CUDA_SUCCESS
        && !connection->leaving
        && (connection->end.grpc_status < 0 || connection->end.moved[0] != 0);
}

/* Whether the server has said that the session goes on elsewhere: that is the server from now on. */
static bool follow(struct remora_connection *connection)
{
    char words[REMORA_WORDS_BYTES_MAX];
    char moved[sizeof connection->end.moved];
    if (connection->end.moved[0] == 0) {
        return false;
    }
    memcpy(moved, connection->end.moved, sizeof moved);
    connection->end.moved[0] = 0;
    return remora_settings_use_server(&connection->settings, moved, words);
}

/*
 * One try at each of the named servers but the session's own, until one has it or knows where it
 * is. *final becomes false if one of them may have it and can't say so.
 */
static bool attempt_elsewhere(struct remora_connection *connection, bool *final)
{
    struct remora_settings *settings = &connection->settings;
    char words[REMORA_WORDS_BYTES_MAX];
    char own[sizeof settings->server];
    char names[sizeof settings->servers];
    char *rest = NULL;
    memcpy(own, settings->server, sizeof own);
    memcpy(names, settings->servers, sizeof names);
    for (char *each = strtok_r(names, ", ", &rest); each != NULL;
         each = strtok_r(NULL, ", ", &rest)) {
        if (!remora_settings_use_server(settings, each, words)
            || strcmp(settings->server, own) == 0) {
            continue;
        }
        bool refused;
        if (attempt(connection, remora_now() + ATTEMPT_NANOS_MAX, &refused, words)
            || connection->failure != CUDA_SUCCESS || follow(connection)) {
            return true;
        }
        *final = *final && refused;
    }
    remora_settings_use_server(settings, own, words);
    return false;
}

bool remora_resume(struct remora_connection *connection)
{
    char words[REMORA_WORDS_BYTES_MAX];
    if (!may_resume(connection)) {
        return false;
    }
    int64_t give_up_at = remora_now() + connection->resume_grace_nanos;
    int64_t elsewhere_at = remora_now() + ELSEWHERE_NANOS;
    int64_t pause = PAUSE_NANOS_MIN;
    bool final = false;
    bool good = false;
    connection->resuming = true;
    follow(connection);
    while (!good && connection->failure == CUDA_SUCCESS) {
        int64_t deadline = remora_now() + ATTEMPT_NANOS_MAX;
        good = attempt(connection, deadline, &final, words);
        bool moved = !good && connection->failure == CUDA_SUCCESS && follow(connection);
        if (!good && !moved && connection->failure == CUDA_SUCCESS
            && (final || remora_now() >= elsewhere_at)) {
            bool found = attempt_elsewhere(connection, &final);
            elsewhere_at = remora_now() + ELSEWHERE_NANOS;
            good = found && connection->resumed && connection->failure == CUDA_SUCCESS;
            moved = found && !good;
        }
        if (moved) {
            pause = PAUSE_NANOS_MIN;
            give_up_at = remora_now() + connection->resume_grace_nanos;
        } else if (!good && (final || remora_now() >= give_up_at)) {
            give_up(connection, final, words);
        } else if (!good && connection->failure == CUDA_SUCCESS) {
            pause_for(pause);
            pause = 2 * pause < PAUSE_NANOS_MAX ? 2 * pause : PAUSE_NANOS_MAX;
        }
    }
    connection->resuming = false;
    if (good) {
        connection->statistics.resumes++;
        remora_send_again(connection);
        remora_wake_all(connection);
    }
    return true;
}
