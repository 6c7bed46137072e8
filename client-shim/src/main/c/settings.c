/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "report.h"

#define DEFAULT_PORT "7443"
#define MICROS_MAX 600000000L

/* Copies without the space around; false if it doesn't fit. */
static bool copy_stripped(const char *text, char *out, size_t capacity)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length != 0 && isspace((unsigned char)text[length - 1])) {
        length--;
    }
    if (length >= capacity) {
        return false;
    }
    memcpy(out, text, length);
    out[length] = 0;
    return true;
}

static bool from_environment(const char *name, char *out, size_t capacity, char *words)
{
    /* Not in programs that run with another user's rights: its user could choose the server. */
    const char *value = secure_getenv(name);
    out[0] = 0;
    if (value != NULL && !copy_stripped(value, out, capacity)) {
        return remora_words(words, "%s is too long.", name);
    }
    return true;
}

static bool environment_layer(struct remora_settings_layer *out, char *words)
{
    return from_environment("REMORA_SERVER", out->server, sizeof out->server, words)
        && from_environment("REMORA_TOKEN", out->token, sizeof out->token, words)
        && from_environment("REMORA_TOKEN_FILE", out->token_file, sizeof out->token_file, words)
        && from_environment("REMORA_CA", out->ca, sizeof out->ca, words)
        && from_environment("REMORA_TLS", out->tls, sizeof out->tls, words)
        && from_environment("REMORA_CLIENT_CERTIFICATE", out->client_certificate,
                            sizeof out->client_certificate, words)
        && from_environment("REMORA_CLIENT_KEY", out->client_key, sizeof out->client_key, words);
}

/* Where a server of this user on this machine says how it is reached. */
static bool local_layer(struct remora_settings_layer *out)
{
    char path[REMORA_PATH_BYTES_MAX];
    const char *state = secure_getenv("REMORA_STATE_DIR");
    const char *base = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    int length;
    if (state != NULL && *state != 0) {
        length = snprintf(path, sizeof path, "%s/local.yaml", state);
    } else if (base != NULL && *base == '/') {
        length = snprintf(path, sizeof path, "%s/remora/local.yaml", base);
    } else if (home != NULL && *home != 0) {
        length = snprintf(path, sizeof path, "%s/.local/state/remora/local.yaml", home);
    } else {
        return false;
    }
    return length > 0 && (size_t)length < sizeof path && remora_local_file_read(path, out);
}

/* Puts the home directory in the place of a leading ~/, and finds out whether the file is there. */
static bool use_file(const char *name, const char *given, char *out, size_t capacity, char *words)
{
    const char *home = secure_getenv("HOME");
    bool below_home = strncmp(given, "~/", 2) == 0 && home != NULL;
    int length = below_home ? snprintf(out, capacity, "%s/%s", home, given + 2)
                            : snprintf(out, capacity, "%s", given);
    if (length < 0 || (size_t)length >= capacity) {
        return remora_words(words, "%s: the path %s is too long.", name, given);
    }
    if (access(out, R_OK) != 0) {
        return errno == ENOENT
            ? remora_words(words, "%s: there is no file %s.", name, out)
            : remora_words(words, "%s: %s is not a file that you may read.", name, out);
    }
    return true;
}

static bool read_token(const char *path, char token[REMORA_TOKEN_BYTES_MAX], char *words)
{
    char text[REMORA_TOKEN_BYTES_MAX];
    FILE *file = fopen(path, "re");
    size_t length = file == NULL ? 0 : fread(text, 1, sizeof text, file);
    bool failed = file == NULL || ferror(file);
    if (file != NULL) {
        fclose(file);
    }
    if (failed) {
        return remora_words(words, "The token file %s can't be read: %s.", path, strerror(errno));
    }
    if (length == sizeof text) {
        return remora_words(words, "The token file %s is too large to hold one token.", path);
    }
    text[length] = 0;
    if (strlen(text) != length || !copy_stripped(text, token, REMORA_TOKEN_BYTES_MAX)
        || token[0] == 0 || strpbrk(token, "\r\n") != NULL) {
        return remora_words(words, "The token file %s must hold one token and nothing else.", path);
    }
    return true;
}

static bool find_token(const struct remora_settings_layer *layer, struct remora_settings *out,
                       char *words)
{
    if (layer->token[0] != 0 && layer->token_file[0] != 0) {
        return remora_words(words, "REMORA_TOKEN and REMORA_TOKEN_FILE both give a token: leave one "
                                   "of them out.");
    }
    if (layer->token_file[0] != 0) {
        char path[REMORA_PATH_BYTES_MAX];
        if (!use_file("REMORA_TOKEN_FILE", layer->token_file, path, sizeof path, words)
            || !read_token(path, out->token, words)) {
            return false;
        }
    } else {
        memcpy(out->token, layer->token, sizeof out->token);
    }
    for (const char *at = out->token; *at != 0; at++) {
        if (!isgraph((unsigned char)*at)) {
            return remora_words(words, "The token in %s has a character that no token has.",
                         layer->token_file[0] != 0 ? layer->token_file : "REMORA_TOKEN");
        }
    }
    return true;
}

/* HOST, HOST:PORT or [IPv6]:PORT, as the Java client reads it. */
static bool find_server(const char *text, struct remora_settings *out, char *words)
{
    const char *colon = strrchr(text, ':');
    size_t length = strlen(text);
    bool bare = colon != NULL && strchr(text, ':') != colon && strchr(text, ']') == NULL;
    const char *port = DEFAULT_PORT;
    if (colon != NULL && !bare && text[length - 1] != ']') {
        length = (size_t)(colon - text);
        port = colon + 1;
    }
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    char *end;
    long number = strtol(port, &end, 10);
    if (length == 0 || length >= sizeof out->host || !isdigit((unsigned char)*port) || *end != 0
        || number < 1 || number > 65535) {
        return remora_words(words, "REMORA_SERVER must be HOST:PORT, it is \"%s\".", text);
    }
    memcpy(out->host, text, length);
    out->host[length] = 0;
    snprintf(out->port, sizeof out->port, "%u", (unsigned)(uint16_t)number);
    bool address = strchr(out->host, ':') != NULL;
    snprintf(out->server, sizeof out->server, "%s%s%s:%s", address ? "[" : "", out->host,
             address ? "]" : "", out->port);
    return true;
}

static bool find_tls(const struct remora_settings_layer *environment,
                     const struct remora_settings_layer *local, struct remora_settings *out,
                     char *words)
{
    const char *tls = environment->tls[0] != 0 ? environment->tls : local->tls;
    if (tls[0] != 0 && strcasecmp(tls, "on") != 0 && strcasecmp(tls, "off") != 0) {
        return remora_words(words, "REMORA_TLS is 'on' or 'off', not '%s'.", tls);
    }
    out->plaintext = strcasecmp(tls, "off") == 0;
    const char *ca = environment->ca[0] != 0 ? environment->ca : local->ca;
    if (ca[0] != 0 && !use_file("REMORA_CA", ca, out->ca, sizeof out->ca, words)) {
        return false;
    }
    if ((environment->client_certificate[0] != 0) != (environment->client_key[0] != 0)) {
        return remora_words(words, "REMORA_CLIENT_CERTIFICATE and REMORA_CLIENT_KEY belong together: "
                                   "set both or neither.");
    }
    return environment->client_key[0] == 0
        || (use_file("REMORA_CLIENT_CERTIFICATE", environment->client_certificate,
                     out->client_certificate, sizeof out->client_certificate, words)
            && use_file("REMORA_CLIENT_KEY", environment->client_key, out->client_key,
                        sizeof out->client_key, words));
}

static bool find_resume(struct remora_settings *out, char *words)
{
    char text[16];
    if (!from_environment("REMORA_RESUME", text, sizeof text, words)) {
        return false;
    }
    if (text[0] != 0 && strcasecmp(text, "on") != 0 && strcasecmp(text, "off") != 0) {
        return remora_words(words, "REMORA_RESUME is 'on' or 'off', not '%s'.", text);
    }
    out->resume = strcasecmp(text, "off") != 0;
    return true;
}

static bool find_micros(const char *name, int64_t *nanos, char *words)
{
    char text[32];
    if (!from_environment(name, text, sizeof text, words)) {
        return false;
    }
    char *end = text;
    long micros = text[0] == 0 ? 0 : strtol(text, &end, 10);
    if (*end != 0 || micros < 0 || micros > MICROS_MAX) {
        return remora_words(words, "%s must be a number of microseconds, it is \"%s\".", name, text);
    }
    *nanos = (int64_t)micros * 1000;
    return true;
}

static bool combine(const struct remora_settings_layer *environment,
                    struct remora_settings_layer *local, struct remora_settings *out, char *words)
{
    bool same = local_layer(local)
        && (environment->server[0] == 0 || strcmp(environment->server, local->server) == 0);
    if (!same) {
        /* It belongs to one server and says nothing about another. */
        memset(local, 0, sizeof *local);
    }
    const char *server = environment->server[0] != 0 ? environment->server : local->server;
    if (server[0] == 0) {
        return remora_words(words, "No server is configured: start the program with `remora run`, "
                                   "or set REMORA_SERVER=HOST:PORT (and REMORA_TOKEN_FILE, "
                                   "REMORA_CA).");
    }
    bool own_token = environment->token[0] != 0 || environment->token_file[0] != 0;
    snprintf(out->program, sizeof out->program, "%s", program_invocation_short_name);
    return find_server(server, out, words)
        && find_token(own_token ? environment : local, out, words)
        && find_tls(environment, local, out, words) && find_resume(out, words)
        && find_micros("REMORA_SPIN", &out->spin_nanos, words)
        && find_micros("REMORA_START_WITHIN", &out->start_within_nanos, words);
}

bool remora_settings_find(struct remora_settings *out, char words[REMORA_WORDS_BYTES_MAX])
{
    memset(out, 0, sizeof *out);
    struct remora_settings_layer *layers = calloc(2, sizeof *layers);
    if (layers == NULL) {
        return remora_words(words, "There is no memory left to connect.");
    }
    bool good =
        environment_layer(&layers[0], words) && combine(&layers[0], &layers[1], out, words);
    free(layers);
    return good;
}
