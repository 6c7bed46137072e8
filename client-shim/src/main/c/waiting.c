/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How threads wait. One of them leads: it waits for the socket without the lock, takes the lock and
 * handles what came for everybody. The others sleep until their answer is there, or until it is
 * their turn to lead. A thread that waits for room to send waits in the same way, so that nobody is
 * stuck with a server that first wants to be read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>

#include "clock.h"
#include "connection.h"

/* A server that has said nothing for so long is asked whether it is there, and then has 3 s. */
#define SILENCE_NANOS_MAX (6 * REMORA_NANOS_PER_SECOND)
#define PONG_NANOS_MAX (3 * REMORA_NANOS_PER_SECOND)

/* Other threads get the lock at least this often during a long download. */
#define TURN_BYTES_MAX (1 << 20)

int64_t remora_next_check(const struct remora_connection *connection)
{
    return connection->pinged ? connection->pinged_at + PONG_NANOS_MAX
                              : connection->received_at + SILENCE_NANOS_MAX;
}

static void check_silence(struct remora_connection *connection)
{
    int64_t now = remora_now();
    if (now < remora_next_check(connection)) {
        return;
    }
    if (connection->pinged) {
        if (remora_resume(connection)) {
            return;
        }
        remora_fail(connection, CUDA_ERROR_DEVICE_UNAVAILABLE,
                    "The server %s doesn't answer any more: the network or its machine may be "
                    "down. The session is lost; start the program again when it is back.",
                    connection->settings.server);
        return;
    }
    connection->pinged = true;
    connection->pinged_at = now;
    remora_http2_ping(connection);
}

/* Reads all there is, within a turn; false once nothing more will come. */
static bool read_input(struct remora_connection *connection)
{
    size_t total = 0;
    struct remora_channel *channel = &connection->channel;
    for (;;) {
        ssize_t got = remora_channel_read(channel, connection->input, REMORA_INPUT_BYTES);
        if (got <= 0) {
            return got == 0;
        }
        remora_http2_input(connection, connection->input, (size_t)got);
        total += (size_t)got;
        connection->reads++;
        connection->received_at = remora_now();
        connection->pinged = false;
        bool buffered = channel->tls != NULL && SSL_has_pending(channel->tls);
        if (connection->failure != CUDA_SUCCESS || (total >= TURN_BYTES_MAX && !buffered)) {
            return true;
        }
        if (channel->drained && !buffered) {
            return true;
        }
    }
}

void remora_handle(struct remora_connection *connection, bool readable)
{
    bool open = true;
    if (connection->failure != CUDA_SUCCESS) {
        return;
    }
    if (readable) {
        connection->channel.drained = false;
        open = read_input(connection);
        remora_tell_arrived(connection);
    }
    if (connection->failure == CUDA_SUCCESS && !connection->end.closed) {
        remora_http2_push(connection);
    }
    if (connection->failure != CUDA_SUCCESS) {
        return;
    }
    bool spoken = nghttp2_session_want_read(connection->session)
        || nghttp2_session_want_write(connection->session);
    if (!open || connection->end.closed || !spoken || connection->channel.problem[0] != 0) {
        if (connection->resuming) {
            connection->cut = true;
        } else if (!connection->leaving && !remora_resume(connection)) {
            remora_explain_end(connection);
        }
        return;
    }
    if (connection->resuming) {
        return;
    }
    check_silence(connection);
}

/* Polls for as long as the settings say if answers usually come that soon. */
static int spin(const struct remora_connection *connection, struct pollfd *waiting)
{
    int64_t budget = connection->settings.spin_nanos;
    int ready = 0;
    if (budget != 0 && connection->wait_average_nanos < budget) {
        int64_t end = remora_now() + budget;
        do {
            ready = poll(waiting, 1, 0);
        } while (ready == 0 && remora_now() < end);
    }
    return ready;
}

void remora_look(struct remora_connection *connection, int64_t until)
{
    struct pollfd waiting = {
        .fd = connection->channel.fd,
        .events = (short)(remora_channel_pending(&connection->channel) ? POLLIN | POLLOUT : POLLIN),
    };
    int64_t check = remora_next_check(connection);
    until = until < check ? until : check;
    if (connection->resuming) {
        int came = poll(&waiting, 1, remora_poll_millis(remora_now(), until));
        remora_handle(connection, came > 0 && (waiting.revents & ~POLLOUT) != 0);
        return;
    }
    pthread_mutex_unlock(&connection->lock);
    remora_output_relieve(&connection->output);
    int ready = spin(connection, &waiting);
    if (ready == 0) {
        ready = poll(&waiting, 1, remora_poll_millis(remora_now(), until));
    }
    pthread_mutex_lock(&connection->lock);
    remora_handle(connection, ready > 0 && (waiting.revents & ~POLLOUT) != 0);
}

static void lead(struct remora_connection *connection)
{
    connection->led = true;
    remora_look(connection, INT64_MAX);
    connection->led = false;
}

static void sleep_until_woken(struct remora_connection *connection, struct remora_thread *thread,
                              bool for_answer)
{
    thread->for_answer = for_answer;
    thread->previous_asleep = NULL;
    thread->next_asleep = connection->asleep;
    if (connection->asleep != NULL) {
        connection->asleep->previous_asleep = thread;
    }
    connection->asleep = thread;
    pthread_cond_wait(&thread->wake, &connection->lock);
    if (thread->previous_asleep != NULL) {
        thread->previous_asleep->next_asleep = thread->next_asleep;
    } else {
        connection->asleep = thread->next_asleep;
    }
    if (thread->next_asleep != NULL) {
        thread->next_asleep->previous_asleep = thread->previous_asleep;
    }
}

void remora_wait_turn(struct remora_connection *connection, struct remora_thread *thread,
                      bool for_answer)
{
    if (connection->led) {
        sleep_until_woken(connection, thread, for_answer);
    } else {
        lead(connection);
    }
}

void remora_hand_on(struct remora_connection *connection)
{
    if (connection->led) {
        return;
    }
    if (connection->asleep != NULL) {
        pthread_cond_signal(&connection->asleep->wake);
    } else if (connection->background_asleep) {
        /* It may have gone to sleep without an eye on the socket, because somebody led. */
        remora_background_wake(connection);
    }
}

void remora_wake_all(struct remora_connection *connection)
{
    bool failed = connection->failure != CUDA_SUCCESS;
    for (struct remora_thread *at = connection->asleep; at != NULL; at = at->next_asleep) {
        if (failed || !at->for_answer) {
            pthread_cond_signal(&at->wake);
        }
    }
}

/* Waits for room in the socket beside a thread that leads, and therefore reads. */
static void await_writable(struct remora_connection *connection)
{
    struct pollfd waiting = {.fd = connection->channel.fd, .events = POLLOUT};
    pthread_mutex_unlock(&connection->lock);
    poll(&waiting, 1, 1000);
    pthread_mutex_lock(&connection->lock);
    if (connection->failure == CUDA_SUCCESS) {
        remora_http2_push(connection);
    }
}

void remora_drain(struct remora_connection *connection)
{
    bool waited = false;
    while (remora_channel_pending(&connection->channel) && connection->failure == CUDA_SUCCESS) {
        waited = true;
        if (connection->led) {
            await_writable(connection);
        } else {
            lead(connection);
        }
    }
    if (waited) {
        remora_hand_on(connection);
    }
}
