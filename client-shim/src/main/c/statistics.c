/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters, and their way out of the process: at its end they are appended to the file named by
 * REMORA_STATS_FILE, in one write for each process, as lines of words:
 *
 *     process PID PROGRAM
 *     local_calls N
 *     frames_sent N
 *     bytes_sent N
 *     bytes_received N
 *     credit_nanos N
 *     resumes N
 *     servers N                 if there are several
 *     direct_copies N           copies between two servers that went from one to the other
 *     direct_bytes N
 *     bridged_copies N          those that went through this process
 *     bridged_bytes N
 *     bridged_WHY N             how many of these because of what, if any; see detour_names
 *     call NUMBER NAME CALLS WAITS BLOCKED_NANOS
 *     end
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connection.h"

static atomic_uint_least64_t local_calls;
static atomic_uint_least64_t direct_copies;
static atomic_uint_least64_t direct_bytes;
static atomic_uint_least64_t bridged_bytes;
static atomic_uint_least64_t detours[REMORA_DETOURS];

/* By enum remora_detour. */
static const char *const detour_names[REMORA_DETOURS] = {
    "small", "no_pool", "older", "unreachable", "refused", "broken_off", "busy"};

void remora_count_local(void)
{
    atomic_fetch_add_explicit(&local_calls, 1, memory_order_relaxed);
}

static void count(atomic_uint_least64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static uint64_t counted(atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void remora_count_direct(uint64_t bytes)
{
    count(&direct_copies, 1);
    count(&direct_bytes, bytes);
}

void remora_count_bridged(uint64_t bytes, enum remora_detour why)
{
    count(&detours[why], 1);
    count(&bridged_bytes, bytes);
}

void remora_statistics_after_fork(void)
{
    atomic_uint_least64_t *all[] = {&local_calls, &direct_copies, &direct_bytes, &bridged_bytes};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        atomic_store_explicit(all[i], 0, memory_order_relaxed);
    }
    for (size_t i = 0; i < REMORA_DETOURS; i++) {
        atomic_store_explicit(&detours[i], 0, memory_order_relaxed);
    }
}

/* ---- what calls cost ------------------------------------------------------------------------ */

/* Of the calling thread; the process's own is the connection's. */
static __thread struct remora_tally tally;

struct remora_tally *remora_tally(void)
{
    return &tally;
}

void remora_count_call(struct remora_connection *connection, uint32_t number, bool waits,
                       size_t bytes)
{
    struct remora_call_statistics *call = &connection->statistics.calls[number];
    call->calls++;
    call->waits += waits;
    tally.sent_calls++;
    tally.waits += waits;
    tally.sent_bytes += bytes;
}

void remora_count_frame(struct remora_connection *connection, size_t bytes)
{
    connection->statistics.frames_sent++;
    connection->statistics.bytes_sent += bytes;
}

void remora_count_wait(struct remora_connection *connection, uint32_t number, int64_t nanos,
                       uint64_t received)
{
    connection->statistics.calls[number].blocked_nanos += (uint64_t)nanos;
    tally.waited_nanos += (uint64_t)nanos;
    tally.received_bytes += received;
}

void remora_count_credit(struct remora_connection *connection, int64_t nanos)
{
    connection->statistics.credit_nanos += (uint64_t)nanos;
    tally.credit_nanos += (uint64_t)nanos;
}

/* ---- the way out ---------------------------------------------------------------------------- */

/* Adds what a connection, whose lock is held, has counted. */
static void add(const struct remora_connection *connection, struct remora_statistics *out)
{
    const struct remora_statistics *more = &connection->statistics;
    out->frames_sent += more->frames_sent;
    out->bytes_sent += more->bytes_sent;
    out->bytes_received += more->bytes_received;
    out->credit_nanos += more->credit_nanos;
    out->resumes += more->resumes;
    for (uint32_t number = 0; number < REMORA_CALL_NUMBERS; number++) {
        out->calls[number].calls += more->calls[number].calls;
        out->calls[number].waits += more->calls[number].waits;
        out->calls[number].blocked_nanos += more->calls[number].blocked_nanos;
    }
}

/* What belongs to no connection. */
static void begin(struct remora_statistics *out)
{
    memset(out, 0, sizeof *out);
    out->local_calls = counted(&local_calls);
    out->servers = remora_server_count();
    out->direct_copies = counted(&direct_copies);
    out->direct_bytes = counted(&direct_bytes);
    out->bridged_bytes = counted(&bridged_bytes);
    for (size_t i = 0; i < REMORA_DETOURS; i++) {
        out->detours[i] = counted(&detours[i]);
        out->bridged_copies += out->detours[i];
    }
}

void remora_statistics(struct remora_statistics *out)
{
    if (remora_connection() == NULL) {
        memset(out, 0, sizeof *out);
        return;
    }
    begin(out);
    for (size_t i = 0; i < remora_server_count(); i++) {
        struct remora_connection *connection = remora_connection_at(i);
        pthread_mutex_lock(&connection->lock);
        add(connection, out);
        pthread_mutex_unlock(&connection->lock);
    }
}

static void print_several(FILE *out, const struct remora_statistics *statistics)
{
    fprintf(out, "servers %llu\n", (unsigned long long)statistics->servers);
    fprintf(out, "direct_copies %llu\n", (unsigned long long)statistics->direct_copies);
    fprintf(out, "direct_bytes %llu\n", (unsigned long long)statistics->direct_bytes);
    fprintf(out, "bridged_copies %llu\n", (unsigned long long)statistics->bridged_copies);
    fprintf(out, "bridged_bytes %llu\n", (unsigned long long)statistics->bridged_bytes);
    for (size_t i = 0; i < REMORA_DETOURS; i++) {
        if (statistics->detours[i] != 0) {
            fprintf(out, "bridged_%s %llu\n", detour_names[i],
                    (unsigned long long)statistics->detours[i]);
        }
    }
}

static void print(FILE *out, const struct remora_statistics *statistics, const char *program)
{
    fprintf(out, "process %ld %s\n", (long)getpid(), program);
    fprintf(out, "local_calls %llu\n", (unsigned long long)statistics->local_calls);
    fprintf(out, "frames_sent %llu\n", (unsigned long long)statistics->frames_sent);
    fprintf(out, "bytes_sent %llu\n", (unsigned long long)statistics->bytes_sent);
    fprintf(out, "bytes_received %llu\n", (unsigned long long)statistics->bytes_received);
    fprintf(out, "credit_nanos %llu\n", (unsigned long long)statistics->credit_nanos);
    fprintf(out, "resumes %llu\n", (unsigned long long)statistics->resumes);
    if (statistics->servers > 1) {
        print_several(out, statistics);
    }
    for (uint32_t number = 0; number < REMORA_CALL_NUMBERS; number++) {
        const struct remora_call_statistics *call = &statistics->calls[number];
        const struct remora_call_info *info = remora_call_info(number);
        if (call->calls != 0 && info != NULL) {
            fprintf(out, "call %u %s %llu %llu %llu\n", number, info->name,
                    (unsigned long long)call->calls, (unsigned long long)call->waits,
                    (unsigned long long)call->blocked_nanos);
        }
    }
    fprintf(out, "end\n");
}

void remora_statistics_write(const bool locked[REMORA_SERVERS_MAX])
{
    const char *path = secure_getenv("REMORA_STATS_FILE");
    char *text = NULL;
    size_t length = 0;
    if (path == NULL || *path == 0) {
        return;
    }
    struct remora_statistics *statistics = malloc(sizeof *statistics);
    FILE *memory = statistics == NULL ? NULL : open_memstream(&text, &length);
    if (memory != NULL) {
        begin(statistics);
        for (size_t i = 0; i < remora_server_count(); i++) {
            if (locked[i]) {
                add(remora_connection_at(i), statistics);
            }
        }
        print(memory, statistics, remora_connection()->settings.program);
    }
    if (memory != NULL && fclose(memory) == 0) {
        int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, text, length) != (ssize_t)length) {
            remora_say("The counters can't be written to %s.", path);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    free(text);
    free(statistics);
}
