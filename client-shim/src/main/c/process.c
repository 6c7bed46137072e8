/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's one connection: made by the first call that wants it, forgotten by the child of a
 * fork, ended with the process. All that the library keeps outside of threads and the connection is
 * here.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"

/* How long the end of a process may wait for the lock, and for the server to have heard of it. */
#define LOCK_SECONDS_MAX 1
#define END_NANOS_MAX REMORA_NANOS_PER_SECOND

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct remora_connection *) current;
static atomic_int readiness = CUDA_ERROR_NOT_INITIALIZED;
/* Descriptors of the current connection, for the child of a fork; -1: none. */
static atomic_int socket_fd = -1;
static atomic_int wake_fd = -1;
static bool fork_watched;
static bool exit_watched;

struct remora_connection *remora_connection(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

CUresult remora_ready(void)
{
    return (CUresult)atomic_load_explicit(&readiness, memory_order_acquire);
}

const struct remora_welcome *remora_welcome(void)
{
    struct remora_connection *connection = remora_connection();
    return connection == NULL ? NULL : &connection->welcome;
}

void remora_note_socket(int fd)
{
    atomic_store(&socket_fd, fd);
}

/* ---- failures ------------------------------------------------------------------------------- */

static void end_for_all(struct remora_connection *connection, CUresult result)
{
    connection->failure = result;
    if (connection == remora_connection()) {
        atomic_store_explicit(&readiness, (int)result, memory_order_release);
    }
    remora_fail_expected(connection);
    remora_wake_all(connection);
    if (connection->callbacks.started) {
        pthread_cond_signal(&connection->callbacks.wake);
    }
    if (connection->background_asleep) {
        remora_background_wake(connection);
    }
}

void remora_fail(struct remora_connection *connection, CUresult result, const char *format, ...)
{
    if (connection->failure != CUDA_SUCCESS) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(connection->words, sizeof connection->words, format, arguments);
    va_end(arguments);
    remora_say("%s", connection->words);
    if (connection->channel_open) {
        /* Nobody reads or writes it any more; the server hears of the end. */
        remora_channel_shut(&connection->channel);
    }
    end_for_all(connection, result);
}

void remora_fail_protocol(struct remora_connection *connection, const char *what)
{
    const struct remora_settings *settings = &connection->settings;
    if (connection->welcomed) {
        remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                    "The server %s broke the protocol: %s. The session is lost; please report it.",
                    settings->server, what);
    } else {
        remora_fail(connection, CUDA_ERROR_NO_DEVICE,
                    "What answers at %s doesn't speak the protocol: %s. Is it a Remora server%s?",
                    settings->server, what,
                    settings->plaintext ? " without TLS? If it has TLS, leave out REMORA_TLS=off"
                                        : "");
    }
}

/* ---- the end of the process ----------------------------------------------------------------- */

static bool lock_in_time(struct remora_connection *connection)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOCK_SECONDS_MAX;
    /* exit may have been called by a signal handler in the middle of a call. */
    return pthread_mutex_timedlock(&connection->lock, &until) == 0;
}

static void say_goodbye(struct remora_connection *connection)
{
    int64_t until = remora_now() + END_NANOS_MAX;
    if (connection->batched != 0 && !connection->transit.active) {
        remora_send_batch(connection);
    }
    remora_http2_end(connection);
    /* A socket that is closed with something unread takes back what the peer hasn't read. */
    while (connection->failure == CUDA_SUCCESS && !connection->end.closed
           && remora_now() < until) {
        remora_look(connection, until);
    }
    if (connection->failure == CUDA_SUCCESS && connection->channel.tls != NULL) {
        remora_tls_end(&connection->channel);
        remora_channel_push(&connection->channel);
    }
}

static void end_process(void)
{
    struct remora_connection *connection = remora_connection();
    atomic_store_explicit(&readiness, CUDA_ERROR_DEINITIALIZED, memory_order_release);
    if (connection == NULL || !lock_in_time(connection)) {
        return;
    }
    remora_statistics_write(connection);
    if (connection->failure == CUDA_SUCCESS) {
        connection->leaving = true;
        say_goodbye(connection);
    }
    if (connection->failure == CUDA_SUCCESS) {
        snprintf(connection->words, sizeof connection->words, "The process is ending.");
        end_for_all(connection, CUDA_ERROR_DEINITIALIZED);
    }
    atomic_store_explicit(&readiness, CUDA_ERROR_DEINITIALIZED, memory_order_release);
    pthread_mutex_unlock(&connection->lock);
}

/* ---- fork ----------------------------------------------------------------------------------- */

/*
 * The child has copies of the descriptors, which it closes, and of the connection's memory, which
 * may be in any state and is never touched again.
 */
static void forget_in_child(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    start_lock = fresh;
    int fd = atomic_exchange(&socket_fd, -1);
    if (fd >= 0) {
        close(fd);
    }
    fd = atomic_exchange(&wake_fd, -1);
    if (fd >= 0) {
        close(fd);
    }
    bool had = atomic_exchange(&current, NULL) != NULL;
    atomic_store(&readiness, CUDA_ERROR_NOT_INITIALIZED);
    remora_report_after_fork();
    remora_statistics_after_fork();
    if (had) {
        remora_forget_session();
    }
}

/* ---- the beginning -------------------------------------------------------------------------- */

static void discard(struct remora_connection *connection)
{
    atomic_store(&socket_fd, -1);
    if (connection->session != NULL) {
        nghttp2_session_del(connection->session);
    }
    if (connection->channel_open) {
        remora_channel_close(&connection->channel);
    }
    for (size_t i = 0; i < connection->welcome.device_count; i++) {
        free((void *)(uintptr_t)connection->welcome.devices[i].attributes);
        free((void *)(uintptr_t)connection->welcome.devices[i].limits);
    }
    free((void *)(uintptr_t)connection->welcome.devices);
    if (connection->wake_fd >= 0) {
        close(connection->wake_fd);
    }
    remora_output_discard(&connection->output);
    free(connection->incoming.bytes);
    free(connection->input);
    remora_writer_free(&connection->batch);
    remora_free_kept(connection);
    pthread_mutex_destroy(&connection->lock);
    free(connection);
}

static CUresult open_session(struct remora_connection *connection)
{
    pthread_mutex_lock(&connection->lock);
    CUresult result = remora_shake_hands(connection);
    if (result == CUDA_SUCCESS && !remora_background_start(connection)) {
        remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY,
                    "No thread can be created to look after the connection.");
        result = connection->failure;
    }
    if (result == CUDA_SUCCESS) {
        atomic_store(&wake_fd, connection->wake_fd);
        atomic_store_explicit(&current, connection, memory_order_release);
    }
    pthread_mutex_unlock(&connection->lock);
    return result;
}

/* Both are inherited by the child of a fork. */
static bool watch_fork(void)
{
    fork_watched = fork_watched || pthread_atfork(NULL, NULL, forget_in_child) == 0;
    return fork_watched;
}

/* After OpenSSL has registered its own end, which therefore comes after this one. */
static void watch_exit(void)
{
    exit_watched = exit_watched || atexit(end_process) == 0;
}

static CUresult connect_once(void)
{
    struct remora_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || pthread_mutex_init(&connection->lock, NULL) != 0) {
        free(connection);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    connection->wake_fd = -1;
    remora_output_init(&connection->output);
    CUresult result = open_session(connection);
    if (result != CUDA_SUCCESS) {
        discard(connection);
        return result;
    }
    watch_exit();
    return CUDA_SUCCESS;
}

CUresult remora_start(void)
{
    int cancel = remora_hold_cancellation();
    pthread_mutex_lock(&start_lock);
    CUresult result = remora_ready();
    if (result == CUDA_ERROR_NOT_INITIALIZED) {
        result = watch_fork() ? connect_once() : CUDA_ERROR_OUT_OF_MEMORY;
        int before = CUDA_ERROR_NOT_INITIALIZED;
        /* Unless the connection is lost already. */
        atomic_compare_exchange_strong(&readiness, &before, (int)result);
    }
    pthread_mutex_unlock(&start_lock);
    remora_release_cancellation(cancel);
    return result;
}
