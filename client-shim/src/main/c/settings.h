/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to reach the server. The environment decides: `remora run` puts there what it found in flags
 * and files. What a server on this machine has left for its user (local.yaml in the state
 * directory) fills the rest if no server is named, or just that one, as in the Java client.
 */
#ifndef REMORA_SETTINGS_H
#define REMORA_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#define REMORA_PATH_BYTES_MAX 4096
#define REMORA_TOKEN_BYTES_MAX 4097
#define REMORA_SERVERS_BYTES_MAX 4096
#define REMORA_WANT_BYTES_MAX 512

/* What a session can ask a pool for, as its user has written it: the server reads it. */
struct remora_wants {
    char gpus[REMORA_WANT_BYTES_MAX];
    char memory[REMORA_WANT_BYTES_MAX];
    char tenant_class[REMORA_WANT_BYTES_MAX];
    char labels[REMORA_WANT_BYTES_MAX];
    char policy[REMORA_WANT_BYTES_MAX];
    char wait[REMORA_WANT_BYTES_MAX];
};

struct remora_settings {
    char host[256];
    char port[6];
    /* Whether one of several servers is to be asked where the session gets a place. */
    bool pool;
    /* All of them, each HOST:PORT, with commas in between; empty unless `pool`. */
    char servers[REMORA_SERVERS_BYTES_MAX];
    struct remora_wants wants;
    /* What was given for the place; empty: none was asked for. */
    char placement[256];
    /* HOST:PORT for people and for :authority, with brackets around an IPv6 address. */
    char server[272];
    /* Empty: none. */
    char token[REMORA_TOKEN_BYTES_MAX];
    /* Empty: the system's authorities. */
    char ca[REMORA_PATH_BYTES_MAX];
    /* Empty: none; both or neither. */
    char client_certificate[REMORA_PATH_BYTES_MAX];
    char client_key[REMORA_PATH_BYTES_MAX];
    bool plaintext;
    /* Whether the session goes on when its connection is cut. */
    bool resume;
    /* How long a waiting call polls before its thread sleeps. */
    int64_t spin_nanos;
    /* Work that the server can't start so soon after its arrival is refused; 0: no such time. */
    int64_t start_within_nanos;
    /* Name under which the server shows the session. */
    char program[200];
};

/* False: `words` says what is wrong and what to do. */
bool remora_settings_find(struct remora_settings *out, char words[REMORA_WORDS_BYTES_MAX]);

/* Takes HOST, HOST:PORT or [IPv6]:PORT apart into host, port and server. */
bool remora_settings_use_server(struct remora_settings *settings, const char *text,
                                char words[REMORA_WORDS_BYTES_MAX]);

/* Whether the session asks for anything. */
bool remora_wants_something(const struct remora_wants *wants);

/* ---- parts ---------------------------------------------------------------------------------- */

/* What one place says; empty strings where it says nothing. */
struct remora_settings_layer {
    char server[REMORA_SERVERS_BYTES_MAX];
    char token[REMORA_TOKEN_BYTES_MAX];
    char token_file[REMORA_PATH_BYTES_MAX];
    char ca[REMORA_PATH_BYTES_MAX];
    char tls[8];
    char client_certificate[REMORA_PATH_BYTES_MAX];
    char client_key[REMORA_PATH_BYTES_MAX];
};

/*
 * Reads a file that the server wrote: lines of `key: "value"`, and comments. False if it isn't
 * there, can't be read, or has another form; then nothing in it counts.
 */
bool remora_local_file_read(const char *path, struct remora_settings_layer *out);

#endif
