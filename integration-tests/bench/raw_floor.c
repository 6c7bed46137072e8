/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine's sockets can do without anything around them: the round trip of 64 bytes
 * between two processes on loopback, and one-way streams. The floor for driver_bench.c.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 64
#define ROUND_TRIPS 2000
#define ROUNDS 15
#define PIECE_BYTES (256 << 10)
#define STREAM_BYTES ((size_t)256 << 20)
#define STREAM_ROUNDS 5

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void require(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static void receive_all(int fd, uint8_t *bytes, size_t length)
{
    while (length != 0) {
        ssize_t got = recv(fd, bytes, length, 0);
        require(got > 0, "recv");
        bytes += got;
        length -= (size_t)got;
    }
}

static void send_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length != 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        require(sent > 0, "send");
        bytes += sent;
        length -= (size_t)sent;
    }
}

static uint8_t piece[PIECE_BYTES];

/* Takes a stream and says so with one byte. */
static void take_stream(int fd)
{
    for (size_t taken = 0; taken < STREAM_BYTES; taken += PIECE_BYTES) {
        receive_all(fd, piece, PIECE_BYTES);
    }
    send_all(fd, piece, 1);
}

static void give_stream(int fd)
{
    for (size_t given = 0; given < STREAM_BYTES; given += PIECE_BYTES) {
        send_all(fd, piece, PIECE_BYTES);
    }
    receive_all(fd, piece, 1);
}

static void serve(int fd)
{
    for (int i = 0; i < (ROUNDS + 1) * ROUND_TRIPS; i++) {
        receive_all(fd, piece, MESSAGE_BYTES);
        send_all(fd, piece, MESSAGE_BYTES);
    }
    for (int i = 0; i < STREAM_ROUNDS + 1; i++) {
        take_stream(fd);
        give_stream(fd);
    }
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print(const char *what, double *seconds, int count, double scale, const char *unit)
{
    qsort(seconds, (size_t)count, sizeof seconds[0], by_value);
    double best = scale < 0 ? -scale / seconds[0] : seconds[0] * scale;
    double median = scale < 0 ? -scale / seconds[count / 2] : seconds[count / 2] * scale;
    printf("%-44s %12.3f %12.3f %s\n", what, best, median, unit);
}

static void measure(int fd)
{
    double seconds[ROUNDS];
    double up[STREAM_ROUNDS];
    double down[STREAM_ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
        double start = now();
        for (int i = 0; i < ROUND_TRIPS; i++) {
            send_all(fd, piece, MESSAGE_BYTES);
            receive_all(fd, piece, MESSAGE_BYTES);
        }
        seconds[round < 0 ? 0 : round] = (now() - start) / ROUND_TRIPS;
    }
    for (int round = -1; round < STREAM_ROUNDS; round++) {
        double start = now();
        give_stream(fd);
        double middle = now();
        take_stream(fd);
        up[round < 0 ? 0 : round] = middle - start;
        down[round < 0 ? 0 : round] = now() - middle;
    }
    print("raw TCP round trip, 64 bytes", seconds, ROUNDS, 1e6, "us");
    print("raw TCP stream up", up, STREAM_ROUNDS, -256, "MiB/s");
    print("raw TCP stream down", down, STREAM_ROUNDS, -256, "MiB/s");
}

int main(void)
{
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    require(listening >= 0 && bind(listening, (struct sockaddr *)&address, length) == 0
                && listen(listening, 1) == 0
                && getsockname(listening, (struct sockaddr *)&address, &length) == 0,
            "listen");
    memset(piece, 1, sizeof piece);
    pid_t child = fork();
    require(child >= 0, "fork");
    int fd = child == 0 ? accept(listening, NULL, NULL) : socket(AF_INET, SOCK_STREAM, 0);
    require(fd >= 0, "socket");
    if (child != 0) {
        require(connect(fd, (struct sockaddr *)&address, length) == 0, "connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (child == 0) {
        serve(fd);
        return 0;
    }
    measure(fd);
    waitpid(child, NULL, 0);
    return 0;
}
