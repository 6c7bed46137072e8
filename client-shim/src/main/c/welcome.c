/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what the server says of itself and its devices. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "clock.h"
#include "connection.h"

#define TAG(field, type) ((field) << 3 | (type))
#define VARINT(field) TAG(field, REMORA_WIRE_VARINT)
#define LENGTH(field) TAG(field, REMORA_WIRE_LENGTH)

/* More than any machine has, and than CUDA defines attributes or limits. */
#define DEVICES_MAX 128
#define VALUES_MAX 4096

enum {
    WELCOME_PROTOCOL_VERSION = VARINT(1),
    WELCOME_SUPPORTED_CALLS = LENGTH(3),
    WELCOME_SERVER_VERSION = LENGTH(4),
    WELCOME_SESSION_ID = LENGTH(5),
    WELCOME_TENANT = LENGTH(6),
    WELCOME_DEVICE = LENGTH(7),
    WELCOME_WINDOW_CALLS = VARINT(8),
    WELCOME_WINDOW_BYTES = VARINT(9),
    WELCOME_CHUNK_BYTES_MAX = VARINT(10),
    WELCOME_DRIVER_VERSION = VARINT(12),
    WELCOME_RESUME_SECRET = LENGTH(13),
    WELCOME_RESUME_GRACE_MILLIS = VARINT(14),

    DEVICE_ORDINAL = VARINT(1),
    DEVICE_NAME = LENGTH(2),
    DEVICE_UUID = LENGTH(3),
    DEVICE_TOTAL_MEMORY = VARINT(4),
    DEVICE_ATTRIBUTE = LENGTH(5),
    DEVICE_PCI_BUS_ID = LENGTH(6),
    DEVICE_KIND = LENGTH(7),
    DEVICE_PRIORITY_LEAST = VARINT(8),
    DEVICE_PRIORITY_GREATEST = VARINT(9),
    DEVICE_LIMIT = LENGTH(10),
    DEVICE_SLAB_ADDRESS = VARINT(11),
    DEVICE_SLAB_BYTES = VARINT(12),

    ENTRY_KEY = VARINT(1),
    ENTRY_VALUE = VARINT(2)
};

static void keep_text(struct remora_reader *in, char *out, size_t capacity)
{
    struct remora_span text = remora_read_span(in);
    size_t length = text.length < capacity ? text.length : capacity - 1;
    if (length != 0) {
        memcpy(out, text.data, length);
    }
    out[length] = 0;
}

/* One entry of a map of numbers; false if there are too many, or no memory. */
static bool add_value(struct remora_reader in, struct remora_value **values, size_t *count)
{
    struct remora_value added = {0, 0};
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        switch (tag) {
        case ENTRY_KEY:
            added.id = (int32_t)(uint32_t)remora_read_varint(&in);
            break;
        case ENTRY_VALUE:
            added.value = (int64_t)remora_read_varint(&in);
            break;
        default:
            remora_skip(&in, tag);
        }
    }
    if (in.failed || *count == VALUES_MAX) {
        return false;
    }
    if ((*count & (*count - 1)) == 0) {
        size_t room = *count == 0 ? 1 : *count * 2;
        struct remora_value *grown = realloc(*values, room * sizeof **values);
        if (grown == NULL) {
            return false;
        }
        *values = grown;
    }
    (*values)[(*count)++] = added;
    return true;
}

static int by_id(const void *left, const void *right)
{
    const struct remora_value *a = left;
    const struct remora_value *b = right;
    return (a->id > b->id) - (a->id < b->id);
}

static void sort(struct remora_value *values, size_t count)
{
    if (count != 0) {
        qsort(values, count, sizeof *values, by_id);
    }
}

const struct remora_value *remora_find_value(const struct remora_value *values, size_t count,
                                             int32_t id)
{
    struct remora_value key = {id, 0};
    return count == 0 ? NULL : bsearch(&key, values, count, sizeof *values, by_id);
}

static struct remora_reader nested(struct remora_reader *in)
{
    struct remora_span span = remora_read_span(in);
    return remora_reader_of(span.data, span.length);
}

static void keep_uuid(struct remora_reader *in, uint8_t uuid[16])
{
    struct remora_span bytes = remora_read_span(in);
    if (bytes.length == 16) {
        memcpy(uuid, bytes.data, 16);
    } else {
        remora_reader_fail(in);
    }
}

struct maps {
    struct remora_value *attributes;
    struct remora_value *limits;
};

static bool read_device_field(struct remora_reader *in, uint32_t tag, uint64_t *ordinal,
                              struct remora_device *out, struct maps *maps)
{
    switch (tag) {
    case DEVICE_ORDINAL:
        *ordinal = remora_read_varint(in);
        break;
    case DEVICE_NAME:
        keep_text(in, out->name, sizeof out->name);
        break;
    case DEVICE_UUID:
        keep_uuid(in, out->uuid);
        break;
    case DEVICE_TOTAL_MEMORY:
        out->total_memory_bytes = remora_read_varint(in);
        break;
    case DEVICE_ATTRIBUTE:
        return add_value(nested(in), &maps->attributes, &out->attribute_count);
    case DEVICE_PCI_BUS_ID:
        keep_text(in, out->pci_bus_id, sizeof out->pci_bus_id);
        break;
    case DEVICE_KIND:
        keep_text(in, out->kind, sizeof out->kind);
        break;
    case DEVICE_PRIORITY_LEAST:
        out->stream_priority_least = (int32_t)(uint32_t)remora_read_varint(in);
        break;
    case DEVICE_PRIORITY_GREATEST:
        out->stream_priority_greatest = (int32_t)(uint32_t)remora_read_varint(in);
        break;
    case DEVICE_LIMIT:
        return add_value(nested(in), &maps->limits, &out->limit_count);
    case DEVICE_SLAB_ADDRESS:
        out->slab_address = remora_read_varint(in);
        break;
    case DEVICE_SLAB_BYTES:
        out->slab_bytes = remora_read_varint(in);
        break;
    default:
        remora_skip(in, tag);
    }
    return true;
}

/* Devices come in the order of their ordinals, without gaps. */
static bool read_device(struct remora_reader in, uint64_t expected, struct remora_device *out)
{
    struct maps maps = {NULL, NULL};
    uint64_t ordinal = 0;
    uint32_t tag;
    memset(out, 0, sizeof *out);
    bool good = true;
    while (good && remora_read_tag(&in, &tag)) {
        good = read_device_field(&in, tag, &ordinal, out, &maps);
    }
    sort(maps.attributes, out->attribute_count);
    sort(maps.limits, out->limit_count);
    out->attributes = maps.attributes;
    out->limits = maps.limits;
    return good && !in.failed && ordinal == expected;
}

static bool add_device(struct remora_connection *connection, struct remora_reader in)
{
    struct remora_welcome *welcome = &connection->welcome;
    size_t count = welcome->device_count;
    if (count == DEVICES_MAX) {
        return false;
    }
    struct remora_device *grown =
        realloc((void *)(uintptr_t)welcome->devices, (count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    welcome->devices = grown;
    welcome->device_count = count + 1;
    return read_device(in, connection->first_device + count, &grown[count]);
}

/* Calls that both ends know. */
static void keep_supported(struct remora_connection *connection, struct remora_reader *in)
{
    struct remora_span theirs = remora_read_span(in);
    size_t length = sizeof remora_supported_calls;
    length = length < theirs.length ? length : theirs.length;
    length = length < sizeof connection->supported ? length : sizeof connection->supported;
    for (size_t i = 0; i < length; i++) {
        connection->supported[i] = theirs.data[i] & remora_supported_calls[i];
    }
}

/* Who shows it may go on with the session. */
static bool keep_secret(struct remora_connection *connection, struct remora_span secret)
{
    if (secret.length != sizeof connection->resume_secret) {
        return false;
    }
    memcpy(connection->resume_secret, secret.data, secret.length);
    return true;
}

static bool read_field(struct remora_connection *connection, struct remora_reader *in,
                       uint32_t tag)
{
    struct remora_welcome *welcome = &connection->welcome;
    uint64_t number;
    switch (tag) {
    case WELCOME_PROTOCOL_VERSION:
        connection->server_protocol = remora_read_varint(in);
        break;
    case WELCOME_SUPPORTED_CALLS:
        keep_supported(connection, in);
        break;
    case WELCOME_SERVER_VERSION:
        keep_text(in, welcome->server_version, sizeof welcome->server_version);
        break;
    case WELCOME_SESSION_ID:
        keep_text(in, welcome->session_id, sizeof welcome->session_id);
        break;
    case WELCOME_TENANT:
        keep_text(in, welcome->tenant, sizeof welcome->tenant);
        break;
    case WELCOME_DEVICE:
        return add_device(connection, nested(in));
    case WELCOME_WINDOW_CALLS:
        connection->window_calls = remora_read_varint(in);
        break;
    case WELCOME_WINDOW_BYTES:
        connection->window_bytes = remora_read_varint(in);
        break;
    case WELCOME_CHUNK_BYTES_MAX:
        number = remora_read_varint(in);
        connection->chunk_bytes_max =
            number < REMORA_CHUNK_BYTES_MAX ? (uint32_t)number : REMORA_CHUNK_BYTES_MAX;
        break;
    case WELCOME_DRIVER_VERSION:
        number = remora_read_varint(in);
        welcome->driver_version = number < INT32_MAX ? (int)number : 0;
        break;
    case WELCOME_RESUME_SECRET:
        return keep_secret(connection, remora_read_span(in));
    case WELCOME_RESUME_GRACE_MILLIS:
        number = remora_read_varint(in);
        connection->resume_grace_nanos =
            (int64_t)(number & UINT32_MAX) * REMORA_NANOS_PER_MILLI;
        break;
    default:
        remora_skip(in, tag);
    }
    return true;
}

bool remora_read_welcome(struct remora_connection *connection, struct remora_reader in)
{
    bool good = true;
    uint32_t tag;
    while (good && remora_read_tag(&in, &tag)) {
        good = read_field(connection, &in, tag);
    }
    if (connection->window_calls == 0) {
        connection->window_calls = 1;
    }
    if (connection->chunk_bytes_max == 0) {
        connection->chunk_bytes_max = 1;
    }
    connection->welcomed = good && !in.failed;
    return connection->welcomed;
}
