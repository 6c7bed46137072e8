/* SPDX-License-Identifier: Apache-2.0 */
/* Where a process's sessions are opened: what a pool grants, and a connection for each of it. */
#ifndef REMORA_SERVERS_H
#define REMORA_SERVERS_H

#include "connection.h"

/* ---- placement.c ---------------------------------------------------------------------------- */

/* Room for a session on one server. */
struct remora_grant {
    char member[64];
    /* HOST:PORT; empty: the server that was asked. */
    char server[272];
    /* Empty: none is needed. */
    char placement[256];
};

struct remora_grants {
    size_t count;
    struct remora_grant at[REMORA_SERVERS_MAX];
};

/*
 * Asks the servers of a pool where to open the session, or several; the settings name the one that
 * has answered. `avoid` has the names of members that didn't answer, with commas in between. False:
 * `words` says why there is none, and `result` what the program is told.
 */
bool remora_place(struct remora_settings *settings, const char *avoid,
                  struct remora_grants *grants, CUresult *result,
                  char words[REMORA_WORDS_BYTES_MAX]);

/* ---- servers.c ------------------------------------------------------------------------------ */

/* The connections of a process, while they are opened. */
struct remora_opened {
    size_t count;
    struct remora_connection *at[REMORA_SERVERS_MAX];
};

/*
 * Finds the settings, and opens a session on the server, or on each that a pool grants; all of them
 * or none. The locks of what was opened are held. A failure has been told.
 */
CUresult remora_open_servers(struct remora_opened *opened);

/* Frees connections that no other thread knows of; sessions are ended. */
void remora_discard(struct remora_opened *opened);

#endif
