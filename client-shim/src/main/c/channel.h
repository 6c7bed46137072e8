/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to and from the server, in plain text or by TLS, never blocking. What is appended is
 * gathered and sent by a push. Used under the connection's lock.
 */
#ifndef REMORA_CHANNEL_H
#define REMORA_CHANNEL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "settings.h"

/* Two for each DATA frame of 16 KiB: a chunk is sent in one or two system calls. */
#define REMORA_SEGMENTS_MAX 256

struct remora_channel {
    int fd;
    /* NULL in plain text. */
    SSL *tls;
    /* Bytes for the socket that were copied, in the order of appending. */
    uint8_t *out;
    size_t out_length;
    /* What is still to be sent: parts of `out`, and of memory that the caller keeps. */
    struct iovec segments[REMORA_SEGMENTS_MAX];
    size_t segment_first;
    size_t segment_count;
    /* Plain bytes until they fill a TLS record. */
    uint8_t *stage;
    size_t staged;
    /* The last read gave less than there was room for: nothing more is there until poll says so. */
    bool drained;
    bool peer_closed;
    /* Why reading or writing has failed; empty if it hasn't. */
    char problem[256];
};

/* Takes a connected socket. False: out of memory, the socket stays the caller's. */
bool remora_channel_open(struct remora_channel *channel, int fd);

/* Closes and frees everything. */
void remora_channel_close(struct remora_channel *channel);

/* Ends both directions and forgets what was appended; nothing may be read or appended any more. */
void remora_channel_shut(struct remora_channel *channel);

/* How many bytes may be appended now; a caller that appends more breaks the channel's bounds. */
size_t remora_channel_room(const struct remora_channel *channel);

/*
 * Appends. With `lasting` the bytes stay where they are until the channel has nothing pending, and
 * may be sent from there.
 */
void remora_channel_append(struct remora_channel *channel, const void *bytes, size_t length,
                           bool lasting);

/* Notes why it can't be used any more, unless there is a reason already. */
void remora_channel_break(struct remora_channel *channel, const char *why);

/* Sends what the socket takes. False: the channel is broken. */
bool remora_channel_push(struct remora_channel *channel);

/* Whether something was appended that isn't sent. */
bool remora_channel_pending(const struct remora_channel *channel);

/* Reads: bytes, 0 if there are none now, -1 if the peer has closed or the channel is broken. */
ssize_t remora_channel_read(struct remora_channel *channel, void *bytes, size_t capacity);

/* Raw bytes of the socket, for TLS itself. As read(2) with EAGAIN as 0. */
ssize_t remora_channel_receive(struct remora_channel *channel, void *bytes, size_t capacity);

/* Raw bytes for the socket, for TLS itself. False: there is no room. */
bool remora_channel_gather(struct remora_channel *channel, const void *bytes, size_t length,
                           bool lasting);

/* ---- tls.c ---------------------------------------------------------------------------------- */

/*
 * Shakes hands as a TLS 1.3 client that checks the server's certificate and name. False: `words`
 * says why and what to do.
 */
bool remora_tls_open(struct remora_channel *channel, const struct remora_settings *settings,
                     int64_t deadline, char words[REMORA_WORDS_BYTES_MAX]);

/* As remora_channel_read, of decrypted bytes. */
ssize_t remora_tls_read(struct remora_channel *channel, void *bytes, size_t capacity);

/* Encrypts into the channel. False: broken. */
bool remora_tls_write(struct remora_channel *channel, const void *bytes, size_t length);

/* Says that nothing more will be sent. */
void remora_tls_end(struct remora_channel *channel);

/* ---- socket.c ------------------------------------------------------------------------------- */

/* A connected socket that doesn't block, or -1: `words` says why and what to do. */
int remora_connect(const struct remora_settings *settings, int64_t deadline,
                   char words[REMORA_WORDS_BYTES_MAX]);

#endif
