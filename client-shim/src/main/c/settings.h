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

struct remora_settings {
    char host[256];
    char port[6];
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

/* ---- parts ---------------------------------------------------------------------------------- */

/* What one place says; empty strings where it says nothing. */
struct remora_settings_layer {
    char server[300];
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
