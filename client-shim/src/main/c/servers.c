/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings to a session on the server, or on each server of which a pool has granted devices:
 * on all of them or on none.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "servers.h"

#define HANDSHAKE_NANOS_MAX (10 * REMORA_NANOS_PER_SECOND)

/* So many members of a pool are tried that were named and then can't be reached. */
#define PLACES_MAX 5

/* ---- connections that nobody else knows ----------------------------------------------------- */

static struct remora_connection *make(const struct remora_settings *settings, size_t index)
{
    struct remora_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL || pthread_mutex_init(&connection->lock, NULL) != 0) {
        free(connection);
        return NULL;
    }
    connection->settings = *settings;
    connection->index = index;
    connection->wake_fd = -1;
    remora_output_init(&connection->output);
    pthread_mutex_lock(&connection->lock);
    return connection;
}

static void discard(struct remora_connection *connection)
{
    if (connection->welcomed && connection->failure == CUDA_SUCCESS) {
        /* Otherwise the server would keep the session for a client that comes back. */
        connection->leaving = true;
        remora_say_goodbye(connection);
    }
    remora_note_socket(connection->index, -1);
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
    pthread_mutex_unlock(&connection->lock);
    pthread_mutex_destroy(&connection->lock);
    free(connection);
}

void remora_discard(struct remora_opened *opened)
{
    for (size_t i = 0; i < opened->count; i++) {
        discard(opened->at[i]);
    }
    opened->count = 0;
}

/* ---- channels ------------------------------------------------------------------------------- */

static CUresult no_memory(char words[REMORA_WORDS_BYTES_MAX])
{
    remora_words(words, "There is no memory left to connect.");
    return CUDA_ERROR_OUT_OF_MEMORY;
}

/* Connects one more; it is the last of `opened` then, also if it can't be reached. */
static bool connect_one(const struct remora_settings *settings, const struct remora_grant *grant,
                        struct remora_opened *opened, CUresult *result,
                        char words[REMORA_WORDS_BYTES_MAX])
{
    struct remora_connection *connection = make(settings, opened->count);
    if (connection == NULL) {
        *result = no_memory(words);
        return false;
    }
    opened->at[opened->count++] = connection;
    if (grant != NULL) {
        memcpy(connection->settings.placement, grant->placement, sizeof grant->placement);
        if (grant->server[0] != 0
            && !remora_settings_use_server(&connection->settings, grant->server, words)) {
            *result = CUDA_ERROR_NO_DEVICE;
            return false;
        }
    }
    return remora_open_channel(connection, remora_now() + HANDSHAKE_NANOS_MAX, result, words);
}

/* Asks the pool, and connects to the members that it names, or to others if one is gone. */
static bool connect_placed(struct remora_settings *settings, struct remora_opened *opened,
                           CUresult *result, char words[REMORA_WORDS_BYTES_MAX])
{
    char avoid[PLACES_MAX * sizeof((struct remora_grant *)0)->member] = "";
    struct remora_grants *grants = malloc(sizeof *grants);
    bool connected = false;
    bool placed = grants != NULL;
    if (!placed) {
        *result = no_memory(words);
    }
    for (int i = 0; i < PLACES_MAX && placed && !connected; i++) {
        placed = remora_place(settings, avoid, grants, result, words);
        connected = placed;
        for (size_t at = 0; connected && at < grants->count; at++) {
            connected = connect_one(settings, &grants->at[at], opened, result, words);
            if (!connected) {
                size_t length = strlen(avoid);
                snprintf(avoid + length, sizeof avoid - length, "%s%s", length == 0 ? "" : ",",
                         grants->at[at].member);
            }
        }
        if (!connected) {
            remora_discard(opened);
        }
    }
    free(grants);
    return connected;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static bool overlap(const struct remora_device *one, const struct remora_device *other)
{
    return one->slab_bytes != 0 && other->slab_bytes != 0
        && one->slab_address < other->slab_address + other->slab_bytes
        && other->slab_address < one->slab_address + one->slab_bytes;
}

/* An address must say whose it is. */
static bool are_apart(const struct remora_connection *one, const struct remora_connection *other)
{
    for (size_t i = 0; i < one->welcome.device_count; i++) {
        for (size_t k = 0; k < other->welcome.device_count; k++) {
            if (overlap(&one->welcome.devices[i], &other->welcome.devices[k])) {
                return false;
            }
        }
    }
    return true;
}

static CUresult open_session(struct remora_connection *connection,
                             const struct remora_opened *before)
{
    CUresult result = remora_shake_hands(connection, before);
    for (size_t i = 0; i < before->count && result == CUDA_SUCCESS; i++) {
        if (!are_apart(before->at[i], connection)) {
            remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                        "The servers %s and %s have given the same device addresses, so their "
                        "devices can't be one machine: ask for devices of one server.",
                        before->at[i]->settings.server, connection->settings.server);
            result = connection->failure;
        }
    }
    return result;
}

static CUresult open_sessions(const struct remora_opened *connected)
{
    struct remora_opened before = {0};
    size_t devices = 0;
    for (size_t i = 0; i < connected->count; i++) {
        struct remora_connection *connection = connected->at[i];
        connection->first_device = devices;
        CUresult result = open_session(connection, &before);
        if (result != CUDA_SUCCESS) {
            return result;
        }
        devices += connection->welcome.device_count;
        before.at[before.count++] = connection;
    }
    return CUDA_SUCCESS;
}

CUresult remora_open_servers(struct remora_opened *opened)
{
    char words[REMORA_WORDS_BYTES_MAX];
    CUresult result = CUDA_ERROR_NO_DEVICE;
    struct remora_settings *settings = calloc(1, sizeof *settings);
    opened->count = 0;
    bool connected = settings != NULL && remora_settings_find(settings, words)
        && (settings->pool ? connect_placed(settings, opened, &result, words)
                           : connect_one(settings, NULL, opened, &result, words));
    if (settings == NULL) {
        result = no_memory(words);
    }
    free(settings);
    if (!connected) {
        remora_say("%s", words);
        remora_discard(opened);
        return result;
    }
    result = open_sessions(opened);
    if (result != CUDA_SUCCESS) {
        remora_discard(opened);
    }
    return result;
}
