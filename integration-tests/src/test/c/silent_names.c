/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in a network whose name server never answers: it brings the system's lookup itself, and
 * that waits for ever for names.
 */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **found)
{
    struct in_addr address;
    (void)port;
    (void)hints;
    *found = NULL;
    if ((hints->ai_flags & AI_NUMERICHOST) != 0 && inet_pton(AF_INET, host, &address) != 1) {
        return EAI_NONAME;
    }
    for (;;) {
        poll(NULL, 0, -1);
    }
}

int main(void)
{
    REQUIRE(cuInit(0) == CUDA_ERROR_NO_DEVICE);
    /* The first failure is final, and at once. */
    REQUIRE(cuInit(0) == CUDA_ERROR_NO_DEVICE);
    printf("no device\n");
    return 0;
}
