/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the encoders write and the decoders read for the generated cases; then gives the
 * decoders every truncation of those cases, changed bytes and garbage. Each input is a block of
 * memory of exactly its size, so that a sanitizer sees a read beyond it.
 * Usage: codec_test SEED
 */
#include "codec_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENTS_FIELD 2
#define MUTATIONS_A_CASE 200
#define GARBAGE_A_CASE 100
#define GARBAGE_BYTES_MAX 64

static struct remora_writer writer;
static size_t arguments_start;
static bool quiet;
/* Depends on all bytes that were decoded, so that reading them isn't optimised away. */
static volatile uint64_t seen;

static void die(const char *name, const char *what)
{
    printf("%s: %s\n", name, what);
    exit(1);
}

struct remora_writer *begin_case(void)
{
    remora_writer_reset(&writer);
    arguments_start = remora_begin_message(&writer, ARGUMENTS_FIELD);
    return &writer;
}

static void print_hex(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        printf("%02x", bytes[i]);
    }
}

void end_case(const char *name, const void *payload, size_t payload_bytes)
{
    remora_end_message(&writer, arguments_start);
    if (writer.failed || writer.tail_bytes != payload_bytes) {
        die(name, "the encoder failed");
    }
    printf("encode %s ", name);
    print_hex(writer.data, writer.length);
    print_hex(payload, payload_bytes);
    printf("\n");
}

float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void print_LONG(uint64_t value)
{
    seen += value;
    if (!quiet) {
        printf(" %" PRIu64, value);
    }
}

void print_INT(uint32_t value)
{
    print_LONG(value);
}

void print_BOOLEAN(bool value)
{
    seen += value;
    if (!quiet) {
        printf(value ? " true" : " false");
    }
}

void print_FLOAT(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    seen += bits;
    if (!quiet) {
        printf(" f%" PRIu32, bits);
    }
}

void print_span(struct remora_span value)
{
    for (size_t i = 0; i < value.length; i++) {
        seen += value.data[i];
    }
    if (!quiet) {
        printf(" <");
        print_hex(value.data, value.length);
        printf(">");
    }
}

/* Gives a decoder a copy of exactly these bytes. */
static bool decode_copy(const struct decode_case *which, const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    if (copy == NULL) {
        die(which->name, "no memory");
    }
    memcpy(copy, bytes, length);
    struct remora_reader in = remora_reader_of(length == 0 ? NULL : copy, length);
    bool well_formed = which->decode(&in);
    if (well_formed == in.failed || in.at != in.end) {
        die(which->name, "the decoder's answer differs from the reader's state");
    }
    free(copy);
    return well_formed;
}

static uint64_t state;

/* xorshift64 */
static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static size_t garble(const struct decode_case *which)
{
    size_t refused = 0;
    for (size_t length = 0; length < which->length; length++) {
        refused += !decode_copy(which, which->bytes, length);
    }
    for (int i = 0; i < MUTATIONS_A_CASE && which->length != 0; i++) {
        uint8_t *changed = malloc(which->length);
        if (changed == NULL) {
            die(which->name, "no memory");
        }
        memcpy(changed, which->bytes, which->length);
        changed[next_random() % which->length] = (uint8_t)next_random();
        refused += !decode_copy(which, changed, which->length);
        free(changed);
    }
    for (int i = 0; i < GARBAGE_A_CASE; i++) {
        uint8_t garbage[GARBAGE_BYTES_MAX];
        size_t length = next_random() % (GARBAGE_BYTES_MAX + 1);
        for (size_t at = 0; at < length; at++) {
            garbage[at] = (uint8_t)next_random();
        }
        refused += !decode_copy(which, garbage, length);
    }
    return refused;
}

/* A writer must refuse, not abort, and be usable again afterwards. */
static void writer_limits(void)
{
    begin_case();
    remora_write_tail(&writer, 1, 5);
    remora_write_varint(&writer, 2, 1);
    if (!writer.failed) {
        die("writer", "a field behind a tail was accepted");
    }
    begin_case();
    remora_write_tail(&writer, 1, REMORA_MESSAGE_BYTES_MAX);
    remora_end_message(&writer, arguments_start);
    if (!writer.failed) {
        die("writer", "a message beyond the limit was accepted");
    }
    begin_case();
    remora_write_present_bytes(&writer, 1, "", SIZE_MAX);
    remora_write_varint(&writer, 2, 1);
    remora_end_message(&writer, arguments_start);
    if (!writer.failed) {
        die("writer", "bytes beyond the limit were accepted");
    }
    begin_case();
    size_t mark = writer.length;
    remora_write_string(&writer, 1, "taken back");
    remora_writer_truncate(&writer, mark);
    remora_end_message(&writer, arguments_start);
    if (writer.failed || writer.length != 2) {
        die("writer", "it isn't usable after a failure");
    }
}

int main(int count, char **arguments)
{
    if (count != 2) {
        die("usage", "codec_test SEED");
    }
    state = strtoull(arguments[1], NULL, 10) | 1;
    remora_writer_init(&writer);
    encode_all();
    for (size_t i = 0; i < decode_case_count; i++) {
        const struct decode_case *each = &decode_cases[i];
        printf("decode %s", each->name);
        if (!decode_copy(each, each->bytes, each->length)) {
            die(each->name, "refused");
        }
        printf("\n");
    }
    quiet = true;
    size_t refused = 0;
    for (size_t i = 0; i < decode_case_count; i++) {
        refused += garble(&decode_cases[i]);
    }
    writer_limits();
    remora_writer_free(&writer);
    printf("refused %zu\n", refused);
    return 0;
}
