/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the settings that the environment gives, or what is wrong with them. */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    char words[REMORA_WORDS_BYTES_MAX];
    struct remora_settings *settings = malloc(sizeof *settings);
    if (settings == NULL) {
        return 2;
    }
    if (remora_settings_find(settings, words)) {
        printf("%s%s%sserver=%s host=%s port=%s token=%s ca=%s certificate=%s key=%s tls=%s spin=%lld%s\n",
               settings->pool ? "pool=" : "", settings->pool ? settings->servers : "", settings->pool ? " " : "",
               settings->server, settings->host, settings->port, settings->token, settings->ca,
               settings->client_certificate, settings->client_key,
               settings->plaintext ? "off" : "on", (long long)settings->spin_nanos,
               settings->start_within_nanos == 250000 ? " start_within=250000" : "");
    } else {
        printf("%s\n", words);
    }
    free(settings);
    return 0;
}
