/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages on their way out, and those that the server may not have; and how much of the
 * server's has come. Used under the connection's lock.
 */
#ifndef REMORA_KEPT_H
#define REMORA_KEPT_H

#include "client.h"

/* Before each message: a byte that says whether it is compressed, and its length. */
#define REMORA_PREFIX_BYTES 5u

struct remora_connection;
struct remora_thread;

/* A message that is not sent, or that the server may not have. */
struct remora_kept {
    struct remora_kept *next;
    /* The bytes of all messages behind the first, up to the end of this one: its position. */
    uint64_t end;
    /* Payload behind the head: memory of the thread `lender`, or `copy`. */
    struct remora_rows tail;
    uint64_t tail_offset;
    size_t tail_bytes;
    const struct remora_thread *lender;
    uint8_t *copy;
    size_t copy_capacity;
    /* Prefix and encoded part. */
    size_t head_bytes;
    uint8_t head[];
};

/* Memory for copies of payloads that is free at the moment; this lies at its beginning. */
struct remora_spare {
    struct remora_spare *next;
    size_t capacity;
};

/* The messages on their way out, see kept.c. */
struct remora_transit {
    bool active;
    struct remora_kept *first;
    struct remora_kept *last;
    /* The one that is being sent; those before it are. */
    struct remora_kept *message;
    /* Bytes of it that are with the channel. */
    size_t sent;
    /* The first of a stream that goes on with a session; not in the list. */
    struct remora_kept *hello;
    /* The position up to which the server has got messages. */
    uint64_t acknowledged;
    struct remora_spare *spare;
    unsigned spares;
};

/* How much has come behind the welcome, and how much of it the server was told to have come. */
struct remora_arrived {
    uint64_t bytes;
    uint64_t told;
    unsigned frames;
    bool due;
};

/* Bytes of a message with its prefix. */
size_t remora_kept_bytes(const struct remora_kept *message);

/* Writes the prefix of a message of so many bytes. */
void remora_put_prefix(uint8_t prefix[REMORA_PREFIX_BYTES], size_t bytes);

/* Makes the batch the last message on its way; `tail` is memory of the calling thread, or NULL. */
void remora_keep(struct remora_connection *connection, const struct remora_rows *tail,
                 uint64_t tail_offset);

/* The channel has the whole message that was being sent: the next one's turn. */
void remora_message_sent(struct remora_connection *connection);

/* The server has all messages up to a position. False: that can't be. */
bool remora_release(struct remora_connection *connection, uint64_t position);

/*
 * The calling thread's memory is the program's again: copies what the server may not have. False:
 * out of memory.
 */
bool remora_own_payloads(struct remora_connection *connection);

/* Sends all that is kept from the first on. */
void remora_send_again(struct remora_connection *connection);

/* Sends the first message of a stream, before all that is kept. False: out of memory. */
bool remora_send_first(struct remora_connection *connection, const struct remora_writer *hello);

/* Nothing is on its way any more; what is kept stays. */
void remora_forget_transit(struct remora_connection *connection);

/* Frees all messages. */
void remora_free_kept(struct remora_connection *connection);

/* A message of the server has come whole. */
void remora_message_arrived(struct remora_connection *connection, size_t bytes);

/* Tells the server how much has come, if it is time to; a push must follow. */
void remora_tell_arrived(struct remora_connection *connection);

#endif
