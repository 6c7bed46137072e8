/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's one connection, or one for each server that was granted to it: made by the first
 * call that wants them, forgotten by the child of a fork, ended with the process. All that the
 * library keeps outside of threads and connections is here.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "servers.h"

/* How long the end of a process may wait for the lock, and for the server to have heard of it. */
#define LOCK_SECONDS_MAX 1
#define END_NANOS_MAX REMORA_NANOS_PER_SECOND

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
/* Written before `count` is. */
static struct remora_connection *connections[REMORA_SERVERS_MAX];
static atomic_size_t count;
static atomic_size_t lost;
/* The devices of all, one behind the other; as the first server says it in all else. */
static struct remora_welcome whole;
static atomic_int readiness = CUDA_ERROR_NOT_INITIALIZED;
/* Descriptors of connections, and of a question to a pool, and 1; 0: none. For a fork's child. */
static atomic_int socket_fds[REMORA_SERVERS_MAX + 1];
static atomic_int wake_fds[REMORA_SERVERS_MAX];
bool remora_several;
static bool fork_watched;
static bool exit_watched;

size_t remora_server_count(void)
{
    return atomic_load_explicit(&count, memory_order_acquire);
}

struct remora_connection *remora_connection_at(size_t index)
{
    return connections[index];
}

struct remora_connection *remora_connection(void)
{
    return remora_server_count() == 0 ? NULL : connections[0];
}

CUresult remora_ready(void)
{
    return (CUresult)atomic_load_explicit(&readiness, memory_order_acquire);
}

const struct remora_welcome *remora_welcome(void)
{
    return remora_server_count() == 0 ? NULL : &whole;
}

size_t remora_home_of_device(uint64_t ordinal)
{
    for (size_t i = 1; i < remora_server_count(); i++) {
        const struct remora_connection *connection = connections[i];
        if (ordinal - connection->first_device < connection->welcome.device_count) {
            return i;
        }
    }
    return 0;
}

void remora_note_socket(size_t index, int fd)
{
    atomic_store(&socket_fds[index], fd + 1);
}

/* ---- failures ------------------------------------------------------------------------------- */

static void end_for_all(struct remora_connection *connection, CUresult result)
{
    connection->failure = result;
    /* While there are others, only calls that concern this one fail. */
    if (connection->index < remora_server_count()
        && connections[connection->index] == connection
        && atomic_fetch_add(&lost, 1) + 1 == remora_server_count()) {
        atomic_store_explicit(&readiness, (int)result, memory_order_release);
    }
    if (remora_several) {
        remora_server_lost(connection->index);
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

void remora_say_goodbye(struct remora_connection *connection)
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

static void end_connection(struct remora_connection *connection)
{
    if (connection->failure == CUDA_SUCCESS) {
        connection->leaving = true;
        remora_say_goodbye(connection);
    }
    if (connection->failure == CUDA_SUCCESS) {
        snprintf(connection->words, sizeof connection->words, "The process is ending.");
        end_for_all(connection, CUDA_ERROR_DEINITIALIZED);
    }
}

static void end_process(void)
{
    bool locked[REMORA_SERVERS_MAX] = {false};
    bool any = false;
    atomic_store_explicit(&readiness, CUDA_ERROR_DEINITIALIZED, memory_order_release);
    for (size_t i = 0; i < remora_server_count(); i++) {
        locked[i] = lock_in_time(connections[i]);
        any = any || locked[i];
    }
    if (any) {
        remora_statistics_write(locked);
    }
    for (size_t i = 0; i < remora_server_count(); i++) {
        if (locked[i]) {
            end_connection(connections[i]);
            atomic_store_explicit(&readiness, CUDA_ERROR_DEINITIALIZED, memory_order_release);
            pthread_mutex_unlock(&connections[i]->lock);
        }
    }
}

/* ---- fork ----------------------------------------------------------------------------------- */

static void close_noted(atomic_int *noted)
{
    int fd = atomic_exchange(noted, 0) - 1;
    if (fd >= 0) {
        close(fd);
    }
}

/*
 * The child has copies of the descriptors, which it closes, and of the connection's memory, which
 * may be in any state and is never touched again.
 */
static void forget_in_child(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    start_lock = fresh;
    for (size_t i = 0; i <= REMORA_SERVERS_MAX; i++) {
        close_noted(&socket_fds[i]);
    }
    for (size_t i = 0; i < REMORA_SERVERS_MAX; i++) {
        close_noted(&wake_fds[i]);
    }
    bool had = atomic_exchange(&count, 0) != 0;
    atomic_store(&lost, 0);
    remora_several = false;
    atomic_store(&readiness, CUDA_ERROR_NOT_INITIALIZED);
    remora_report_after_fork();
    remora_statistics_after_fork();
    if (had) {
        remora_forget_session();
    }
}

/* ---- the beginning -------------------------------------------------------------------------- */

/* Starts what looks after the connections, and lets everybody see them; their locks are held. */
static CUresult publish(const struct remora_opened *opened, struct remora_device *devices)
{
    size_t filled = 0;
    for (size_t i = 0; i < opened->count; i++) {
        struct remora_connection *connection = opened->at[i];
        if (!remora_background_start(connection)) {
            remora_fail(connection, CUDA_ERROR_OUT_OF_MEMORY,
                        "No thread can be created to look after the connection.");
            return connection->failure;
        }
        connections[i] = connection;
        atomic_store(&wake_fds[i], connection->wake_fd + 1);
        const struct remora_welcome *welcome = &connection->welcome;
        for (size_t device = 0; device < welcome->device_count; device++) {
            devices[filled++] = welcome->devices[device];
        }
        if (i == 0) {
            whole = *welcome;
        } else if (welcome->driver_version < whole.driver_version) {
            whole.driver_version = welcome->driver_version;
        }
    }
    whole.devices = devices;
    whole.device_count = filled;
    remora_several = opened->count > 1;
    atomic_store_explicit(&count, opened->count, memory_order_release);
    return CUDA_SUCCESS;
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

static size_t count_devices(const struct remora_opened *opened)
{
    size_t devices = 0;
    for (size_t i = 0; i < opened->count; i++) {
        devices += opened->at[i]->welcome.device_count;
    }
    return devices;
}

static CUresult connect_once(void)
{
    struct remora_opened opened = {0};
    CUresult result = remora_open_servers(&opened);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    struct remora_device *devices = calloc(count_devices(&opened) + 1, sizeof *devices);
    result = devices == NULL ? CUDA_ERROR_OUT_OF_MEMORY : publish(&opened, devices);
    if (result != CUDA_SUCCESS) {
        free(devices);
    }
    for (size_t i = 0; i < opened.count; i++) {
        if (result != CUDA_SUCCESS && opened.at[i]->failure == CUDA_SUCCESS) {
            /* A thread may know of it: it is ended and stays. */
            remora_say_goodbye(opened.at[i]);
            end_for_all(opened.at[i], result);
        }
        pthread_mutex_unlock(&opened.at[i]->lock);
    }
    if (result == CUDA_SUCCESS) {
        watch_exit();
    }
    return result;
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
