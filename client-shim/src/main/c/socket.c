/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "lookup.h"

/* TCP's own probes, for a peer whose machine is gone: silence of 4 s, then 3 probes, 2 s apart. */
#define KEEP_IDLE_SECONDS 4
#define KEEP_INTERVAL_SECONDS 2
#define KEEP_PROBES 3

/* As long may sent bytes stay unacknowledged. */
#define USER_TIMEOUT_MILLIS 9000

static void set(int fd, int level, int option, int value)
{
    /* A system that lacks one of them has a slower connection, but has one. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* Waits until the socket is connected; 0 or an errno. */
static int await_connected(int fd, int64_t deadline)
{
    for (;;) {
        struct pollfd waiting = {.fd = fd, .events = POLLOUT};
        int ready = poll(&waiting, 1, remora_poll_millis(remora_now(), deadline));
        if (ready == 0) {
            return ETIMEDOUT;
        }
        if (ready < 0 && errno != EINTR) {
            return errno;
        }
        if (ready > 0) {
            int problem = 0;
            socklen_t length = sizeof problem;
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) == 0 ? problem : errno;
        }
    }
}

/* One address; the socket or -1 with errno. */
static int connect_to(const struct addrinfo *address, int64_t deadline)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_SECONDS);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_SECONDS);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_PROBES);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
    int problem = 0;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        problem = errno == EINPROGRESS || errno == EINTR ? await_connected(fd, deadline) : errno;
    }
    if (problem != 0) {
        close(fd);
        errno = problem;
        return -1;
    }
    return fd;
}

int remora_connect(const struct remora_settings *settings, int64_t deadline,
                   char words[REMORA_WORDS_BYTES_MAX])
{
    struct addrinfo *found = NULL;
    int problem = 0;
    int failure = remora_lookup(settings->host, settings->port, deadline, &found, &problem);
    if (failure != 0) {
        const char *reason = failure == REMORA_LOOKUP_TIMEOUT
            ? "the name server doesn't answer what its address is"
            : failure == EAI_SYSTEM ? strerror(problem) : gai_strerror(failure);
        remora_words(words,
                     "The server %s can't be reached: %s. Check the name in REMORA_SERVER.",
                     settings->server, reason);
        return -1;
    }
    int fd = -1;
    problem = ETIMEDOUT;
    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        int64_t now = remora_now();
        /* An address that doesn't answer leaves time for the others. */
        fd = connect_to(at, at->ai_next == NULL ? deadline : now + (deadline - now) / 2);
        problem = errno;
    }
    freeaddrinfo(found);
    if (fd < 0) {
        remora_words(words,
                     "The server %s can't be reached: %s. Check the address and that the server "
                     "runs there.",
                     settings->server, strerror(problem));
    }
    return fd;
}
