/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks after the connection when no caller does. While calls are made it ticks every millisecond:
 * sends a frame that has been lying for a tick, and reads what nobody waits for. After a while
 * without calls it sleeps on the socket, so that the server's pings are answered during a long
 * computation; the next call wakes it once. Callers that wait handle the socket themselves and never
 * wake it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"

#define TICK_NANOS REMORA_NANOS_PER_MILLI
#define IDLE_TICKS 20

struct ticks {
    uint64_t batch_number;
    uint64_t begun;
    uint64_t reads;
    unsigned idle;
};

/* Something may have come that no caller has read. */
static void read_unattended(struct remora_connection *connection)
{
    struct pollfd waiting = {.fd = connection->channel.fd, .events = POLLIN};
    remora_handle(connection, poll(&waiting, 1, 0) > 0);
}

/* One tick. Whoever held the lock at another has sent, or is seen by the next. */
static void tick(struct remora_connection *connection, struct ticks *seen)
{
    if (connection->batched != 0 && seen->batch_number == connection->batch_number) {
        remora_send_batch(connection);
    }
    if (!connection->led && seen->reads == connection->reads) {
        read_unattended(connection);
    }
    bool busy = connection->begun != seen->begun || connection->batched != 0;
    seen->idle = busy ? 0 : seen->idle + 1;
    seen->begun = connection->begun;
    seen->reads = connection->reads;
    seen->batch_number = connection->batch_number;
}

/* Sleeps until the server says something, a call is made, or the connection wants to be checked. */
static void sleep_on_socket(struct remora_connection *connection)
{
    bool attended = connection->led;
    struct pollfd waiting[] = {
        {.fd = connection->wake_fd, .events = POLLIN},
        {.fd = attended ? -1 : connection->channel.fd, .events = POLLIN},
    };
    int64_t check = remora_next_check(connection);
    connection->background_asleep = true;
    pthread_mutex_unlock(&connection->lock);
    int ready = poll(waiting, 2, attended ? -1 : remora_poll_millis(remora_now(), check));
    if (ready > 0 && waiting[0].revents != 0) {
        uint64_t count;
        ssize_t unused = read(connection->wake_fd, &count, sizeof count);
        (void)unused;
    }
    pthread_mutex_lock(&connection->lock);
    connection->background_asleep = false;
    if (!attended && connection->failure == CUDA_SUCCESS) {
        remora_handle(connection, ready > 0 && waiting[1].revents != 0);
    }
}

static bool is_over(const struct remora_connection *connection)
{
    return connection->failure != CUDA_SUCCESS || remora_ready() == CUDA_ERROR_DEINITIALIZED;
}

static void *run(void *argument)
{
    struct remora_connection *connection = argument;
    struct ticks seen = {0};
    const struct timespec pause = {.tv_nsec = TICK_NANOS};
    bool over = false;
    while (!over) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        if (pthread_mutex_trylock(&connection->lock) != 0) {
            /* Somebody calls, and shall not have to wake this thread when he is done. */
            seen.idle = 0;
            continue;
        }
        over = is_over(connection);
        if (!over) {
            tick(connection, &seen);
            if (seen.idle >= IDLE_TICKS) {
                sleep_on_socket(connection);
                seen.idle = connection->begun != seen.begun ? 0 : IDLE_TICKS;
            }
        }
        pthread_mutex_unlock(&connection->lock);
        remora_output_relieve(&connection->output);
    }
    remora_rest();
    return NULL;
}

bool remora_background_start(struct remora_connection *connection)
{
    connection->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (connection->wake_fd < 0) {
        return false;
    }
    return remora_create_thread(run, connection);
}

void remora_background_wake(struct remora_connection *connection)
{
    uint64_t one = 1;
    connection->background_asleep = false;
    int cancel = remora_hold_cancellation();
    ssize_t unused = write(connection->wake_fd, &one, sizeof one);
    (void)unused;
    remora_release_cancellation(cancel);
}
