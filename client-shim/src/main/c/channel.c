/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUT_BYTES (512 << 10)

/* What TLS may add to the bytes in the room that is told: 22 bytes a record, and its own messages. */
#define OUT_RESERVE (16 << 10)

/* A TLS record holds at most this. */
#define RECORD_BYTES (16 << 10)

/* From here on a segment of its own costs less than a copy. */
#define LASTING_BYTES_MIN (4 << 10)

bool remora_channel_open(struct remora_channel *channel, int fd)
{
    memset(channel, 0, sizeof *channel);
    channel->out = malloc(OUT_BYTES);
    channel->stage = malloc(RECORD_BYTES);
    if (channel->out == NULL || channel->stage == NULL) {
        free(channel->out);
        free(channel->stage);
        return false;
    }
    channel->fd = fd;
    channel->drained = true;
    return true;
}

void remora_channel_close(struct remora_channel *channel)
{
    SSL_free(channel->tls);
    close(channel->fd);
    free(channel->out);
    free(channel->stage);
}

void remora_channel_shut(struct remora_channel *channel)
{
    shutdown(channel->fd, SHUT_RDWR);
    channel->segment_first = 0;
    channel->segment_count = 0;
    channel->staged = 0;
}

static bool fail(struct remora_channel *channel, const char *what)
{
    if (channel->problem[0] == 0) {
        snprintf(channel->problem, sizeof channel->problem, "%s", what);
    }
    return false;
}

void remora_channel_break(struct remora_channel *channel, const char *why)
{
    fail(channel, why);
}

size_t remora_channel_room(const struct remora_channel *channel)
{
    size_t used = channel->out_length + channel->staged + OUT_RESERVE;
    /* Rows of a copy may need a segment each; the last ones are for what stands around them. */
    bool segments = channel->segment_count < REMORA_SEGMENTS_MAX / 2;
    return segments && used < OUT_BYTES ? OUT_BYTES - used : 0;
}

static void add_segment(struct remora_channel *channel, const void *bytes, size_t length)
{
    struct iovec *segment = &channel->segments[channel->segment_count++];
    segment->iov_base = (void *)(uintptr_t)bytes;
    segment->iov_len = length;
}

bool remora_channel_gather(struct remora_channel *channel, const void *bytes, size_t length,
                           bool lasting)
{
    if (lasting && length >= LASTING_BYTES_MIN
        && channel->segment_count < REMORA_SEGMENTS_MAX - 2) {
        add_segment(channel, bytes, length);
        return true;
    }
    if (length > OUT_BYTES - channel->out_length) {
        return false;
    }
    uint8_t *place = channel->out + channel->out_length;
    memcpy(place, bytes, length);
    channel->out_length += length;
    if (channel->segment_count > channel->segment_first) {
        struct iovec *last = &channel->segments[channel->segment_count - 1];
        if ((uint8_t *)last->iov_base + last->iov_len == place) {
            last->iov_len += length;
            return true;
        }
    }
    if (channel->segment_count == REMORA_SEGMENTS_MAX) {
        return false;
    }
    add_segment(channel, place, length);
    return true;
}

void remora_channel_append(struct remora_channel *channel, const void *bytes, size_t length,
                           bool lasting)
{
    if (channel->tls == NULL) {
        if (!remora_channel_gather(channel, bytes, length, lasting)) {
            fail(channel, "more was appended than there was room for");
        }
        return;
    }
    const uint8_t *at = bytes;
    while (length != 0) {
        if (channel->staged == 0 && length >= RECORD_BYTES) {
            remora_tls_write(channel, at, RECORD_BYTES);
            at += RECORD_BYTES;
            length -= RECORD_BYTES;
            continue;
        }
        size_t part = RECORD_BYTES - channel->staged;
        part = part < length ? part : length;
        memcpy(channel->stage + channel->staged, at, part);
        channel->staged += part;
        at += part;
        length -= part;
        if (channel->staged == RECORD_BYTES) {
            channel->staged = 0;
            remora_tls_write(channel, channel->stage, RECORD_BYTES);
        }
    }
}

bool remora_channel_pending(const struct remora_channel *channel)
{
    return channel->segment_first < channel->segment_count || channel->staged != 0;
}

static void sent(struct remora_channel *channel, size_t bytes)
{
    while (bytes != 0) {
        struct iovec *segment = &channel->segments[channel->segment_first];
        if (bytes < segment->iov_len) {
            segment->iov_base = (uint8_t *)segment->iov_base + bytes;
            segment->iov_len -= bytes;
            return;
        }
        bytes -= segment->iov_len;
        channel->segment_first++;
    }
    if (channel->segment_first == channel->segment_count) {
        channel->segment_first = 0;
        channel->segment_count = 0;
        channel->out_length = 0;
    }
}

bool remora_channel_push(struct remora_channel *channel)
{
    if (channel->staged != 0) {
        size_t length = channel->staged;
        channel->staged = 0;
        remora_tls_write(channel, channel->stage, length);
    }
    while (channel->segment_first < channel->segment_count && channel->problem[0] == 0) {
        struct msghdr message = {
            .msg_iov = channel->segments + channel->segment_first,
            .msg_iovlen = channel->segment_count - channel->segment_first,
        };
        ssize_t bytes = sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (bytes >= 0) {
            sent(channel, (size_t)bytes);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return true;
        } else if (errno != EINTR) {
            return fail(channel, strerror(errno));
        }
    }
    return channel->problem[0] == 0;
}

ssize_t remora_channel_receive(struct remora_channel *channel, void *bytes, size_t capacity)
{
    while (!channel->drained) {
        ssize_t got = recv(channel->fd, bytes, capacity, MSG_DONTWAIT);
        if (got > 0) {
            channel->drained = (size_t)got < capacity;
            return got;
        }
        if (got == 0) {
            channel->peer_closed = true;
            fail(channel, "the server has closed it");
            return -1;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            channel->drained = true;
        } else if (errno != EINTR) {
            fail(channel, strerror(errno));
            return -1;
        }
    }
    return 0;
}

ssize_t remora_channel_read(struct remora_channel *channel, void *bytes, size_t capacity)
{
    return channel->tls == NULL ? remora_channel_receive(channel, bytes, capacity)
                                : remora_tls_read(channel, bytes, capacity);
}
