/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds the receiving half with what a server might send, cut into pieces anywhere, and then with
 * the same after bytes of it were changed. The first must arrive as it was sent; of the second only
 * the sanitizers have something to say, and that everything that waited has an end.
 */
#include "connection.h"

#include <stdio.h>
#include <stdlib.h>

#define DOWNLOAD_BYTES 70000u
#define WIDTH 700u
#define PITCH 1000u

static uint64_t state;

static uint64_t next_random(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

static uint8_t memory[PITCH * (DOWNLOAD_BYTES / WIDTH)];
static struct remora_thread waiting;
static struct remora_thread downloading;

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 13 + i / 256);
}

/* Registered, but no thread runs it here. */
static void never_run(void *data, CUresult status)
{
    (void)data;
    (void)status;
    abort();
}

/* A message with its prefix. */
static void add_message(struct remora_writer *stream, const struct remora_writer *message)
{
    uint8_t prefix[REMORA_PREFIX_BYTES] = {0, (uint8_t)(message->length >> 24),
                                           (uint8_t)(message->length >> 16),
                                           (uint8_t)(message->length >> 8),
                                           (uint8_t)message->length};
    if (remora_reserve(stream, sizeof prefix + message->length)) {
        memcpy(stream->data + stream->length, prefix, sizeof prefix);
        memcpy(stream->data + stream->length + sizeof prefix, message->data, message->length);
        stream->length += sizeof prefix + message->length;
    }
}

/* A piece of the download, with its fields in the server's order or in another. */
static void add_piece(struct remora_writer *stream, size_t offset, size_t length, bool usual)
{
    struct remora_writer message;
    uint8_t bytes[20000];
    remora_writer_init(&message);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = pattern(offset + i);
    }
    size_t answer = remora_begin_message(&message, 2);
    remora_write_varint(&message, 1, 2);
    if (usual) {
        remora_write_varint(&message, 5, offset + length < DOWNLOAD_BYTES);
    }
    size_t outputs = remora_begin_message(&message, 3);
    if (usual) {
        remora_write_varint(&message, 7, offset);
    }
    remora_write_bytes(&message, 1, bytes, length);
    if (!usual) {
        remora_write_varint(&message, 7, offset);
    }
    remora_end_message(&message, outputs);
    if (!usual) {
        remora_write_varint(&message, 5, offset + length < DOWNLOAD_BYTES);
    }
    remora_end_message(&message, answer);
    add_message(stream, &message);
    remora_writer_free(&message);
}

static void add_rest(struct remora_writer *stream)
{
    struct remora_writer message;
    remora_writer_init(&message);
    size_t answer = remora_begin_message(&message, 2);
    remora_write_varint(&message, 1, 1);
    remora_write_bytes(&message, 3, "outputs", 7);
    remora_end_message(&message, answer);
    size_t error = remora_begin_message(&message, 3);
    remora_write_varint(&message, 1, 3);
    remora_write_varint(&message, 2, 120);
    remora_write_varint(&message, 3, 700);
    remora_write_string(&message, 4, "words");
    remora_end_message(&message, error);
    remora_write_varint(&message, 4, 3);
    remora_write_varint(&message, 5, 99);
    size_t callback = remora_begin_message(&message, 6);
    remora_write_varint(&message, 1, 4);
    remora_write_varint(&message, 2, 1);
    remora_end_message(&message, callback);
    for (uint64_t again = 0; again < 2; again++) {
        callback = remora_begin_message(&message, 6);
        remora_write_varint(&message, 1, UINT64_MAX - again);
        remora_write_varint(&message, 2, 2);
        remora_write_varint(&message, 4, 1);
        remora_end_message(&message, callback);
    }
    size_t output = remora_begin_message(&message, 7);
    remora_write_string(&message, 2, "printed");
    remora_write_varint(&message, 3, 5);
    remora_end_message(&message, output);
    add_message(stream, &message);
    remora_writer_free(&message);
}

static void write_stream(struct remora_writer *stream)
{
    remora_writer_init(stream);
    for (size_t offset = 0; offset < DOWNLOAD_BYTES;) {
        size_t length = 1 + next_random() % (next_random() % 3 == 0 ? 100 : 20000);
        length = length < DOWNLOAD_BYTES - offset ? length : DOWNLOAD_BYTES - offset;
        add_piece(stream, offset, length, next_random() % 4 != 0);
        offset += length;
    }
    add_rest(stream);
}

static void expect(struct remora_connection *connection, struct remora_thread *thread,
                   uint64_t sequence, uint32_t number)
{
    thread->expected.waiter = thread;
    thread->expected.sequence = sequence;
    thread->expected.number = number;
    remora_expect(connection, &thread->expected);
}

static struct remora_connection *new_connection(void)
{
    struct remora_connection *connection = calloc(1, sizeof *connection);
    struct remora_rows rows = {memory, WIDTH, PITCH, DOWNLOAD_BYTES / WIDTH};
    struct remora_callback_call *callback = calloc(1, sizeof *callback);
    memset(memory, 0, sizeof memory);
    connection->welcomed = true;
    connection->resume_grace_nanos = 1;
    /* Nothing is kept for it, so the credit must be for what is acknowledged already. */
    connection->transit.acknowledged = 99;
    connection->next_sequence = 5;
    connection->sent_bytes = 100;
    downloading.expected.bulk = true;
    downloading.expected.to = rows;
    expect(connection, &waiting, 1, REMORA_CALL_CU_MEM_GET_INFO);
    expect(connection, &downloading, 2, REMORA_CALL_REMORA_COPY_ROWS_TO_HOST);
    callback->token = 1;
    callback->function = never_run;
    connection->callbacks.registered[1] = callback;
    callback = calloc(1, sizeof *callback);
    callback->token = 2;
    callback->lasting = true;
    callback->function = never_run;
    connection->callbacks.registered[2] = callback;
    remora_output_init(&connection->output);
    connection->callbacks.last_reached = &connection->callbacks.first_reached;
    return connection;
}

static void free_connection(struct remora_connection *connection)
{
    free(connection->callbacks.registered[1]);
    free(connection->callbacks.registered[2]);
    /* Standard output is not for it here. */
    remora_output_discard(&connection->output);
    for (struct remora_callback_call *at = connection->callbacks.first_reached; at != NULL;) {
        struct remora_callback_call *next = at->next;
        free(at);
        at = next;
    }
    for (size_t i = 0; i < connection->welcome.device_count; i++) {
        free((void *)(uintptr_t)connection->welcome.devices[i].attributes);
        free((void *)(uintptr_t)connection->welcome.devices[i].limits);
    }
    free((void *)(uintptr_t)connection->welcome.devices);
    free(connection->incoming.bytes);
    free(connection);
}

static void feed(struct remora_connection *connection, const struct remora_writer *stream)
{
    size_t most = 1 + next_random() % 40000;
    for (size_t at = 0; at < stream->length && connection->failure == CUDA_SUCCESS;) {
        size_t length = 1 + next_random() % most;
        length = length < stream->length - at ? length : stream->length - at;
        /* Of exactly this size, so that a sanitizer sees a step beyond it. */
        uint8_t *part = malloc(length);
        memcpy(part, stream->data + at, length);
        remora_receive(connection, part, length);
        free(part);
        at += length;
    }
}

/* Where the message begins behind so many bytes of messages, which count without their prefixes. */
static size_t offset_of(const struct remora_writer *stream, uint64_t position)
{
    size_t at = 0;
    for (uint64_t passed = 0; passed < position;) {
        const uint8_t *prefix = stream->data + at;
        size_t length = (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16
            | (size_t)prefix[3] << 8 | prefix[4];
        passed += length;
        at += REMORA_PREFIX_BYTES + length;
    }
    return at;
}

/* As over a connection that is cut anywhere: what has not come whole comes again. */
static void feed_with_cuts(struct remora_connection *connection,
                           const struct remora_writer *stream)
{
    for (size_t at = 0; at < stream->length && connection->failure == CUDA_SUCCESS;) {
        size_t length = 1 + next_random() % 20000;
        length = length < stream->length - at ? length : stream->length - at;
        remora_receive(connection, stream->data + at, length);
        at += length;
        if (next_random() % 3 == 0) {
            remora_receive_again(connection);
            at = offset_of(stream, connection->arrived.bytes);
        }
    }
}

static int reached_calls(const struct remora_connection *connection)
{
    int count = 0;
    for (const struct remora_callback_call *at = connection->callbacks.first_reached; at != NULL;
         at = at->next) {
        count++;
    }
    return count;
}

static bool arrived(const struct remora_connection *connection)
{
    bool good = connection->failure == CUDA_SUCCESS && waiting.expected.done
        && downloading.expected.done && waiting.outputs_length == 7
        && memcmp(waiting.outputs, "outputs", 7) == 0 && connection->consumed_sequence == 3
        && connection->consumed_bytes == 99 && connection->deferred.present
        && connection->deferred.result == CUDA_ERROR_ILLEGAL_ADDRESS
        && reached_calls(connection) == 3 && connection->callbacks.registered[2] != NULL
        && connection->output.bytes == 7;
    for (size_t i = 0; good && i < sizeof memory; i++) {
        bool inside = i % PITCH < WIDTH;
        good = memory[i] == (inside ? pattern(i / PITCH * WIDTH + i % PITCH) : 0);
    }
    return good;
}

static bool one_round(void)
{
    struct remora_writer stream;
    write_stream(&stream);
    struct remora_connection *connection = new_connection();
    feed(connection, &stream);
    bool good = arrived(connection);
    free_connection(connection);
    connection = new_connection();
    feed_with_cuts(connection, &stream);
    good = good && arrived(connection);
    free_connection(connection);
    for (unsigned i = 0; i < 20; i++) {
        connection = new_connection();
        for (uint64_t changes = 1 + next_random() % 3; changes != 0; changes--) {
            stream.data[next_random() % stream.length] = (uint8_t)next_random();
        }
        feed(connection, &stream);
        if (connection->failure != CUDA_SUCCESS) {
            good = good && waiting.expected.done && downloading.expected.done;
        }
        free_connection(connection);
    }
    remora_writer_free(&stream);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    pthread_cond_init(&waiting.wake, NULL);
    pthread_cond_init(&downloading.wake, NULL);
    /* Each failure tells itself there. */
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 2;
    }
    for (uint64_t round = 0; round < rounds; round++) {
        state = seed + round;
        if (!one_round()) {
            printf("round of seed %llu: what was sent didn't arrive\n",
                   (unsigned long long)(seed + round));
            return 1;
        }
    }
    printf("received\n");
    free(waiting.outputs);
    free(downloading.outputs);
    return 0;
}
