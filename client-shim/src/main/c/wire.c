/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <stdlib.h>

#define FIRST_ALLOCATION_BYTES 256

void remora_writer_init(struct remora_writer *out)
{
    memset(out, 0, sizeof *out);
}

void remora_writer_free(struct remora_writer *out)
{
    free(out->data);
    remora_writer_init(out);
}

void remora_writer_reset(struct remora_writer *out)
{
    out->length = 0;
    out->capacity = out->allocated;
    out->tail_bytes = 0;
    out->failed = false;
}

void remora_writer_truncate(struct remora_writer *out, size_t mark)
{
    if (!out->failed && mark <= out->length) {
        out->length = mark;
        out->capacity = out->allocated;
        out->tail_bytes = 0;
    }
}

static bool fail(struct remora_writer *out)
{
    out->failed = true;
    /* Every further field asks remora_writer_grow, which refuses. */
    out->capacity = out->length;
    return false;
}

/* Grows the memory without regard to a tail. */
static bool allocate(struct remora_writer *out, size_t bytes)
{
    if (bytes > REMORA_MESSAGE_BYTES_MAX - out->length) {
        return fail(out);
    }
    size_t needed = out->length + bytes;
    if (needed <= out->allocated) {
        return true;
    }
    size_t size = out->allocated * 2;
    if (size < FIRST_ALLOCATION_BYTES) {
        size = FIRST_ALLOCATION_BYTES;
    }
    if (size < needed) {
        size = needed;
    }
    uint8_t *data = realloc(out->data, size);
    if (data == NULL) {
        return fail(out);
    }
    out->data = data;
    out->allocated = size;
    return true;
}

bool remora_writer_grow(struct remora_writer *out, size_t bytes)
{
    if (out->failed || out->tail_bytes != 0) {
        return fail(out);
    }
    if (!allocate(out, bytes)) {
        return false;
    }
    out->capacity = out->allocated;
    return true;
}

void remora_write_present_bytes(struct remora_writer *out, uint32_t field, const void *bytes,
                                size_t length)
{
    if (length > REMORA_MESSAGE_BYTES_MAX) {
        fail(out);
        return;
    }
    if (remora_reserve(out, 2 * REMORA_TAG_BYTES_MAX + length + REMORA_VARINT_BYTES_MAX)) {
        remora_put_tag(out, field, REMORA_WIRE_LENGTH);
        remora_put_varint(out, length);
        if (length != 0) {
            memcpy(out->data + out->length, bytes, length);
            out->length += length;
        }
    }
}

void remora_write_float(struct remora_writer *out, uint32_t field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (bits != 0 && remora_reserve(out, REMORA_VARINT_BYTES_MAX + sizeof bits)) {
        remora_put_tag(out, field, REMORA_WIRE_FIXED32);
        for (int shift = 0; shift < 32; shift += 8) {
            out->data[out->length++] = (uint8_t)(bits >> shift);
        }
    }
}

void remora_write_string(struct remora_writer *out, uint32_t field, const char *string)
{
    if (string != NULL) {
        remora_write_bytes(out, field, string, strlen(string));
    }
}

static void raw_varint(struct remora_writer *out, uint64_t value)
{
    if (remora_reserve(out, REMORA_VARINT_BYTES_MAX)) {
        remora_put_varint(out, value);
    }
}

void remora_write_uint64s(struct remora_writer *out, uint32_t field, const uint64_t *values,
                          size_t count)
{
    if (count == 0) {
        return;
    }
    size_t start = remora_begin_message(out, field);
    for (size_t i = 0; i < count && !out->failed; i++) {
        raw_varint(out, values[i]);
    }
    remora_end_message(out, start);
}

void remora_write_int32s(struct remora_writer *out, uint32_t field, const int32_t *values,
                         size_t count)
{
    if (count == 0) {
        return;
    }
    size_t start = remora_begin_message(out, field);
    for (size_t i = 0; i < count && !out->failed; i++) {
        raw_varint(out, (uint64_t)(int64_t)values[i]);
    }
    remora_end_message(out, start);
}

void remora_write_uint32s(struct remora_writer *out, uint32_t field, const uint32_t *values,
                          size_t count)
{
    if (count == 0) {
        return;
    }
    size_t start = remora_begin_message(out, field);
    for (size_t i = 0; i < count && !out->failed; i++) {
        raw_varint(out, values[i]);
    }
    remora_end_message(out, start);
}

void remora_write_strings(struct remora_writer *out, uint32_t field, const char *const *strings,
                          size_t count)
{
    for (size_t i = 0; i < count && !out->failed; i++) {
        remora_write_present_bytes(out, field, strings[i], strlen(strings[i]));
    }
}

void remora_write_spans(struct remora_writer *out, uint32_t field, const struct remora_span *spans,
                        size_t count)
{
    for (size_t i = 0; i < count && !out->failed; i++) {
        remora_write_present_bytes(out, field, spans[i].data, spans[i].length);
    }
}

void remora_write_tail(struct remora_writer *out, uint32_t field, size_t bytes)
{
    if (bytes == 0) {
        return;
    }
    if (bytes > REMORA_MESSAGE_BYTES_MAX) {
        fail(out);
        return;
    }
    if (remora_reserve(out, REMORA_TAG_BYTES_MAX + REMORA_VARINT_BYTES_MAX)) {
        remora_put_tag(out, field, REMORA_WIRE_LENGTH);
        remora_put_varint(out, bytes);
        out->tail_bytes = bytes;
        out->capacity = out->length;
    }
}

size_t remora_begin_message(struct remora_writer *out, uint32_t field)
{
    if (!remora_reserve(out, REMORA_VARINT_BYTES_MAX + 1)) {
        return 0;
    }
    remora_put_tag(out, field, REMORA_WIRE_LENGTH);
    /* One byte is reserved for the length; most messages are shorter than 128 bytes. */
    return ++out->length;
}

void remora_end_message(struct remora_writer *out, size_t start)
{
    if (out->failed) {
        return;
    }
    size_t written = out->length - start;
    if (out->tail_bytes > REMORA_MESSAGE_BYTES_MAX - written) {
        fail(out);
        return;
    }
    size_t length = written + out->tail_bytes;
    if (length < 0x80) {
        out->data[start - 1] = (uint8_t)length;
        return;
    }
    size_t extra = 0;
    for (size_t rest = length >> 7; rest != 0; rest >>= 7) {
        extra++;
    }
    if (!allocate(out, extra)) {
        return;
    }
    memmove(out->data + start + extra, out->data + start, written);
    out->length = start - 1;
    remora_put_varint(out, length);
    out->length += written;
    out->capacity = out->tail_bytes == 0 ? out->allocated : out->length;
}

void remora_reader_fail(struct remora_reader *in)
{
    in->failed = true;
    in->at = in->end;
}

uint64_t remora_read_long_varint(struct remora_reader *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (in->at == in->end) {
            break;
        }
        uint8_t next = *in->at++;
        if (shift == 63 && next > 1) {
            /* The tenth byte holds the last of 64 bits. */
            break;
        }
        value |= (uint64_t)(next & 0x7f) << shift;
        if (next < 0x80) {
            return value;
        }
    }
    remora_reader_fail(in);
    return 0;
}

bool remora_read_tag(struct remora_reader *in, uint32_t *tag)
{
    if (in->at == in->end) {
        return false;
    }
    uint64_t value = remora_read_varint(in);
    if (value > UINT32_MAX || value >> 3 == 0) {
        remora_reader_fail(in);
    }
    *tag = (uint32_t)value;
    return !in->failed;
}

struct remora_span remora_read_span(struct remora_reader *in)
{
    struct remora_span span = {NULL, 0};
    uint64_t length = remora_read_varint(in);
    if (length > remora_remaining(in)) {
        remora_reader_fail(in);
    } else if (!in->failed) {
        span.data = in->at;
        span.length = (size_t)length;
        in->at += length;
    }
    return span;
}

float remora_read_float(struct remora_reader *in)
{
    float value = 0;
    if (remora_remaining(in) < sizeof(uint32_t)) {
        remora_reader_fail(in);
        return value;
    }
    uint32_t bits = 0;
    for (int shift = 0; shift < 32; shift += 8) {
        bits |= (uint32_t)*in->at++ << shift;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The packed values as a message of their own; a field must not occur twice. */
static struct remora_reader packed(struct remora_reader *in, size_t before)
{
    struct remora_span span = remora_read_span(in);
    if (before != 0) {
        remora_reader_fail(in);
        span.length = 0;
    }
    return remora_reader_of(span.data, span.length);
}

void remora_read_uint64s(struct remora_reader *in, uint64_t *values, size_t capacity, size_t *count)
{
    struct remora_reader values_in = packed(in, *count);
    while (values_in.at != values_in.end) {
        uint64_t value = remora_read_varint(&values_in);
        if (*count < capacity) {
            values[*count] = value;
        }
        ++*count;
    }
    if (values_in.failed) {
        remora_reader_fail(in);
    }
}

void remora_read_int32s(struct remora_reader *in, int32_t *values, size_t capacity, size_t *count)
{
    struct remora_reader values_in = packed(in, *count);
    while (values_in.at != values_in.end) {
        uint64_t value = remora_read_varint(&values_in);
        if (*count < capacity) {
            values[*count] = (int32_t)(uint32_t)value;
        }
        ++*count;
    }
    if (values_in.failed) {
        remora_reader_fail(in);
    }
}

void remora_read_span_into(struct remora_reader *in, struct remora_span *spans, size_t capacity,
                           size_t *count)
{
    struct remora_span span = remora_read_span(in);
    if (*count < capacity) {
        spans[*count] = span;
    }
    ++*count;
}

static void skip_bytes(struct remora_reader *in, size_t bytes)
{
    if (remora_remaining(in) < bytes) {
        remora_reader_fail(in);
    } else {
        in->at += bytes;
    }
}

void remora_skip(struct remora_reader *in, uint32_t tag)
{
    switch (tag & 7) {
    case REMORA_WIRE_VARINT:
        remora_read_varint(in);
        break;
    case REMORA_WIRE_FIXED64:
        skip_bytes(in, sizeof(uint64_t));
        break;
    case REMORA_WIRE_LENGTH:
        remora_read_span(in);
        break;
    case REMORA_WIRE_FIXED32:
        skip_bytes(in, sizeof(uint32_t));
        break;
    default:
        /* Groups, which proto3 doesn't have. */
        remora_reader_fail(in);
    }
}
