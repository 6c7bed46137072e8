/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of a host's name, in bounded time: a name server may never answer. */
#ifndef REMORA_LOOKUP_H
#define REMORA_LOOKUP_H

#include <netdb.h>
#include <stdint.h>

/* Instead of an error of getaddrinfo: there was no answer in time. */
#define REMORA_LOOKUP_TIMEOUT 1

/*
 * 0 with the addresses, which freeaddrinfo frees; an error of getaddrinfo (*problem is the errno of
 * EAI_SYSTEM), or REMORA_LOOKUP_TIMEOUT.
 */
int remora_lookup(const char *host, const char *port, int64_t deadline, struct addrinfo **found,
                  int *problem);

#endif
