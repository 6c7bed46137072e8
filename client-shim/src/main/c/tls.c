/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "channel.h"
#include "clock.h"

/* As much is taken from the socket at once: during a download several records for a system call. */
#define READ_AHEAD_BYTES (256 << 10)

static const unsigned char HTTP2[] = {2, 'h', '2'};

/* ---- OpenSSL's view of the channel ---------------------------------------------------------- */

static int bio_write(BIO *bio, const char *bytes, size_t length, size_t *written)
{
    struct remora_channel *channel = BIO_get_data(bio);
    if (!remora_channel_gather(channel, bytes, length, false)) {
        return 0;
    }
    *written = length;
    return 1;
}

static int bio_read(BIO *bio, char *bytes, size_t length, size_t *got)
{
    ssize_t received = remora_channel_receive(BIO_get_data(bio), bytes, length);
    BIO_clear_retry_flags(bio);
    if (received > 0) {
        *got = (size_t)received;
        return 1;
    }
    *got = 0;
    if (received == 0) {
        BIO_set_retry_read(bio);
    }
    return 0;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO *new_bio(struct remora_channel *channel)
{
    /* Made once for all connections of the process, which are made one after the other. */
    static BIO_METHOD *method;
    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "remora");
        if (method == NULL) {
            return NULL;
        }
        BIO_meth_set_write_ex(method, bio_write);
        BIO_meth_set_read_ex(method, bio_read);
        BIO_meth_set_ctrl(method, bio_control);
    }
    BIO *bio = BIO_new(method);
    if (bio == NULL) {
        return NULL;
    }
    BIO_set_data(bio, channel);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- what is agreed on ---------------------------------------------------------------------- */

static const char *last_error(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == NULL ? "unknown reason" : reason;
}

static bool use_files(SSL_CTX *context, const struct remora_settings *settings, char *words)
{
    if (settings->ca[0] != 0) {
        if (SSL_CTX_load_verify_locations(context, settings->ca, NULL) != 1) {
            return remora_words(words,
                                "The CA file %s can't be used, it must be in PEM format: %s.",
                                settings->ca, last_error());
        }
    } else if (SSL_CTX_set_default_verify_paths(context) != 1) {
        return remora_words(words,
                            "The system's certificate authorities can't be read: %s. Name the "
                            "server's CA file in REMORA_CA.",
                            last_error());
    }
    if (settings->client_key[0] == 0) {
        return true;
    }
    if (SSL_CTX_use_certificate_chain_file(context, settings->client_certificate) != 1
        || SSL_CTX_use_PrivateKey_file(context, settings->client_key, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(context) != 1) {
        return remora_words(words,
                            "The client certificate %s and its key %s can't be used, they must be "
                            "in PEM format and belong together: %s.",
                            settings->client_certificate, settings->client_key, last_error());
    }
    return true;
}

/* The name that the certificate must have, and for names also which server is meant. */
static bool expect_host(SSL *tls, const char *host)
{
    struct in6_addr address;
    if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1;
    }
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

static bool prepare(struct remora_channel *channel, const struct remora_settings *settings,
                    char *words)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    bool good = context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1;
    if (good) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_read_ahead(context, 1);
        SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD_BYTES);
        if (!use_files(context, settings, words)) {
            SSL_CTX_free(context);
            return false;
        }
        channel->tls = SSL_new(context);
        BIO *bio = channel->tls == NULL ? NULL : new_bio(channel);
        good = bio != NULL;
        if (good) {
            SSL_set_bio(channel->tls, bio, bio);
            /* This function alone answers 0 for success. */
            good = SSL_set_alpn_protos(channel->tls, HTTP2, sizeof HTTP2) == 0
                && expect_host(channel->tls, settings->host);
        }
    }
    SSL_CTX_free(context);
    return good || remora_words(words, "TLS can't be prepared: %s.", last_error());
}

/* ---- the handshake -------------------------------------------------------------------------- */

static bool explain(struct remora_channel *channel, const struct remora_settings *settings,
                    char *words)
{
    long verified = SSL_get_verify_result(channel->tls);
    unsigned long error = ERR_peek_last_error();
    int reason = ERR_GET_REASON(error);
    if (verified != X509_V_OK) {
        const char *why = X509_verify_cert_error_string(verified);
        return settings->ca[0] == 0
            ? remora_words(words,
                           "TLS with %s failed: the certificate isn't trusted: %s. Name the "
                           "server's CA file in REMORA_CA.",
                           settings->server, why)
            : remora_words(words,
                           "TLS with %s failed: the certificate isn't trusted: %s. Check that %s "
                           "is the CA of this server and that its certificate names the host.",
                           settings->server, why, settings->ca);
    }
    if (error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL
        && (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG)) {
        return remora_words(words,
                            "The server %s speaks without TLS: say so with REMORA_TLS=off.",
                            settings->server);
    }
    return remora_words(words, "TLS with %s failed: %s. Is it a Remora server with TLS 1.3?",
                        settings->server,
                        error != 0 ? last_error()
                                   : channel->problem[0] != 0 ? channel->problem : "no reason");
}

static bool check_protocol(struct remora_channel *channel, const struct remora_settings *settings,
                           char *words)
{
    const unsigned char *chosen = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(channel->tls, &chosen, &length);
    if (length != sizeof HTTP2 - 1 || memcmp(chosen, HTTP2 + 1, length) != 0) {
        return remora_words(words, "What answers at %s doesn't speak HTTP/2: is it a Remora server?",
                            settings->server);
    }
    return true;
}

bool remora_tls_open(struct remora_channel *channel, const struct remora_settings *settings,
                     int64_t deadline, char words[REMORA_WORDS_BYTES_MAX])
{
    ERR_clear_error();
    if (!prepare(channel, settings, words)) {
        return false;
    }
    for (;;) {
        ERR_clear_error();
        int done = SSL_connect(channel->tls);
        bool pushed = remora_channel_push(channel);
        if (done == 1) {
            return check_protocol(channel, settings, words);
        }
        if (SSL_get_error(channel->tls, done) != SSL_ERROR_WANT_READ || !pushed) {
            return explain(channel, settings, words);
        }
        int64_t now = remora_now();
        struct pollfd waiting = {
            .fd = channel->fd,
            .events = (short)(remora_channel_pending(channel) ? POLLIN | POLLOUT : POLLIN),
        };
        if (now >= deadline) {
            return remora_words(words,
                                "The server %s accepted the connection and then said nothing: is "
                                "it a Remora server with TLS, and is it overloaded?",
                                settings->server);
        }
        if (poll(&waiting, 1, remora_poll_millis(now, deadline)) > 0) {
            channel->drained = false;
        }
    }
}

/* ---- after it ------------------------------------------------------------------------------- */

static void broken(struct remora_channel *channel)
{
    if (channel->problem[0] == 0) {
        snprintf(channel->problem, sizeof channel->problem, "TLS failed: %s", last_error());
    }
}

ssize_t remora_tls_read(struct remora_channel *channel, void *bytes, size_t capacity)
{
    ERR_clear_error();
    int got = SSL_read(channel->tls, bytes, capacity > INT_MAX ? INT_MAX : (int)capacity);
    if (got > 0) {
        return got;
    }
    switch (SSL_get_error(channel->tls, got)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        channel->peer_closed = true;
        if (channel->problem[0] == 0) {
            snprintf(channel->problem, sizeof channel->problem, "the server has closed it");
        }
        return -1;
    default:
        broken(channel);
        return -1;
    }
}

bool remora_tls_write(struct remora_channel *channel, const void *bytes, size_t length)
{
    ERR_clear_error();
    if (SSL_write(channel->tls, bytes, (int)length) != (int)length) {
        broken(channel);
        return false;
    }
    return true;
}

void remora_tls_end(struct remora_channel *channel)
{
    ERR_clear_error();
    (void)SSL_shutdown(channel->tls);
}
