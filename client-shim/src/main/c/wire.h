/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protobuf wire format: a writer that grows and a reader that can't leave its bytes. Neither
 * ever aborts: the first thing that goes wrong sets `failed`, after which writing does nothing and
 * reading answers zeros, so that one check at the end of a message is enough. Generated code
 * (remora_calls.h) is their main user. Not thread-safe.
 */
#ifndef REMORA_WIRE_H
#define REMORA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The largest message that protobuf allows. */
#define REMORA_MESSAGE_BYTES_MAX ((size_t)INT32_MAX)

/* Varints of 64 bits have at most 10 bytes, those of 32 bits at most 5. */
#define REMORA_VARINT_BYTES_MAX 10
#define REMORA_TAG_BYTES_MAX 5

enum remora_wire_type {
    REMORA_WIRE_VARINT = 0,
    REMORA_WIRE_FIXED64 = 1,
    REMORA_WIRE_LENGTH = 2,
    REMORA_WIRE_FIXED32 = 5
};

/* Bytes that belong to somebody else. */
struct remora_span {
    const uint8_t *data;
    size_t length;
};

/*
 * Fields with their default value are left out, as proto3 does, unless the function's name says
 * `present`. A payload may end a message without being copied: remora_write_tail writes its tag and
 * length and remembers its size, the caller sends the bytes behind the writer's own. After a tail
 * only remora_end_message may follow.
 */
struct remora_writer {
    uint8_t *data;
    size_t length;
    /* Where fields must stop; `allocated`, or `length` once nothing more may be written. */
    size_t capacity;
    size_t allocated;
    /* Size of the payload that follows `data`, 0 without one. */
    size_t tail_bytes;
    /* Out of memory, a message that is too long, or a field behind a tail. */
    bool failed;
};

/* An empty writer; nothing is allocated before the first field. */
void remora_writer_init(struct remora_writer *out);

/* Frees what the writer holds; it may be used again after remora_writer_init. */
void remora_writer_free(struct remora_writer *out);

/* Starts an empty message in the same memory, also after a failure. */
void remora_writer_reset(struct remora_writer *out);

/* Takes back everything from `mark`, an earlier `length`, and a tail. Does nothing if it failed. */
void remora_writer_truncate(struct remora_writer *out, size_t mark);

/* Makes room for `bytes` more, or fails; for remora_reserve only. */
bool remora_writer_grow(struct remora_writer *out, size_t bytes);

/* Whether `bytes` more bytes may be written. */
static inline bool remora_reserve(struct remora_writer *out, size_t bytes)
{
    return out->capacity - out->length >= bytes || remora_writer_grow(out, bytes);
}

/* The caller has reserved REMORA_VARINT_BYTES_MAX bytes. */
static inline void remora_put_varint(struct remora_writer *out, uint64_t value)
{
    uint8_t *at = out->data + out->length;
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    out->length = (size_t)(at - out->data);
}

static inline void remora_put_tag(struct remora_writer *out, uint32_t field, uint32_t wire_type)
{
    remora_put_varint(out, (uint64_t)field << 3 | wire_type);
}

static inline void remora_write_present_varint(struct remora_writer *out, uint32_t field,
                                               uint64_t value)
{
    if (remora_reserve(out, REMORA_TAG_BYTES_MAX + REMORA_VARINT_BYTES_MAX)) {
        remora_put_tag(out, field, REMORA_WIRE_VARINT);
        remora_put_varint(out, value);
    }
}

/* uint32, uint64, bool; int32 and int64 after sign extension. */
static inline void remora_write_varint(struct remora_writer *out, uint32_t field, uint64_t value)
{
    if (value != 0) {
        remora_write_present_varint(out, field, value);
    }
}

/* bytes, also if empty: elements of a repeated field. */
void remora_write_present_bytes(struct remora_writer *out, uint32_t field, const void *bytes,
                                size_t length);

/* bytes, and a message that is encoded already. */
static inline void remora_write_bytes(struct remora_writer *out, uint32_t field, const void *bytes,
                                      size_t length)
{
    if (length != 0) {
        remora_write_present_bytes(out, field, bytes, length);
    }
}

/* float, bit for bit; only +0 is the default. */
void remora_write_float(struct remora_writer *out, uint32_t field, float value);

/* string; NULL is the empty one. */
void remora_write_string(struct remora_writer *out, uint32_t field, const char *string);

/* Packed repeated fields. */
void remora_write_uint64s(struct remora_writer *out, uint32_t field, const uint64_t *values,
                          size_t count);
void remora_write_int32s(struct remora_writer *out, uint32_t field, const int32_t *values,
                         size_t count);
void remora_write_uint32s(struct remora_writer *out, uint32_t field, const uint32_t *values,
                          size_t count);

/* Repeated strings, and repeated bytes or encoded messages. */
void remora_write_strings(struct remora_writer *out, uint32_t field, const char *const *strings,
                          size_t count);
void remora_write_spans(struct remora_writer *out, uint32_t field, const struct remora_span *spans,
                        size_t count);

/* Announces a payload of `bytes` bytes that the caller sends behind this message. */
void remora_write_tail(struct remora_writer *out, uint32_t field, size_t bytes);

/* Begins a nested message, which is written even if it stays empty; gives what the end wants. */
size_t remora_begin_message(struct remora_writer *out, uint32_t field);

/* Ends a nested message: its length, with a tail, is put before it. */
void remora_end_message(struct remora_writer *out, size_t start);

/* Reads one message; nested ones have readers of their own. */
struct remora_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct remora_reader remora_reader_of(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    struct remora_reader in = {at, at == NULL ? NULL : at + length, false};
    return in;
}

static inline size_t remora_remaining(const struct remora_reader *in)
{
    return (size_t)(in->end - in->at);
}

/* Marks the message as malformed and leaves nothing to read. */
void remora_reader_fail(struct remora_reader *in);

/* A varint of more than one byte; for remora_read_varint only. */
uint64_t remora_read_long_varint(struct remora_reader *in);

static inline uint64_t remora_read_varint(struct remora_reader *in)
{
    if (in->at != in->end && *in->at < 0x80) {
        return *in->at++;
    }
    return remora_read_long_varint(in);
}

/* The next field's tag: its number times 8 plus its wire type. False at the end and on failure. */
bool remora_read_tag(struct remora_reader *in, uint32_t *tag);

/* bytes, string or message, where it lies. */
struct remora_span remora_read_span(struct remora_reader *in);

float remora_read_float(struct remora_reader *in);

/*
 * Packed repeated fields. All values are counted in `count`, the first `capacity` are stored;
 * `values` may be NULL with capacity 0. A field that occurs twice is malformed.
 */
void remora_read_uint64s(struct remora_reader *in, uint64_t *values, size_t capacity,
                         size_t *count);
void remora_read_int32s(struct remora_reader *in, int32_t *values, size_t capacity, size_t *count);

/* One more element of repeated strings, bytes or messages; counted and stored as above. */
void remora_read_span_into(struct remora_reader *in, struct remora_span *spans, size_t capacity,
                           size_t *count);

/* Steps over the value of a field whose tag was read. */
void remora_skip(struct remora_reader *in, uint32_t tag);

#endif
