/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source's server offers the bytes and gives a ticket; the target's server fetches them by it.
 * Both are calls in the order of their streams. Where that can't be, two servers are left alone for
 * a while: then their copies go through this process.
 */
#include "across_direct.h"

#include <pthread.h>
#include <string.h>

#include "across_thread.h"
#include "clock.h"

/*
 * A smaller copy goes through this process: it needs one round trip, or two, and its bytes hardly
 * count; by a ticket it is three, one of them between the servers.
 */
#define DIRECT_BYTES_MIN ((uint64_t)64 << 10)

/* How long nothing is tried again between two servers that couldn't reach each other. */
#define DETOUR_NANOS (30 * REMORA_NANOS_PER_SECOND)

#define NAME_BYTES_MAX 256
#define TICKET_BYTES_MAX 512

/* RemoraFetchRows.outcome */
enum { OUTCOME_DONE, OUTCOME_UNREACHABLE, OUTCOME_REFUSED, OUTCOME_BROKEN_OFF, OUTCOME_BUSY };

struct offer {
    uint64_t number;
    char pool[NAME_BYTES_MAX];
    char member[NAME_BYTES_MAX];
    uint8_t ticket[TICKET_BYTES_MAX];
    size_t ticket_bytes;
};

/* ---- ways that are known not to be there ----------------------------------------------------- */

struct detour {
    /* 0: there is none. */
    int64_t until;
    enum remora_detour why;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* By the server that has the source, and the one that has the target. Under the lock. */
static struct detour detours[REMORA_SERVERS_MAX][REMORA_SERVERS_MAX];

static bool has_detour(size_t from, size_t to, enum remora_detour *why)
{
    pthread_mutex_lock(&lock);
    const struct detour *detour = &detours[from][to];
    bool found = detour->until != 0 && remora_now() < detour->until;
    *why = detour->why;
    pthread_mutex_unlock(&lock);
    return found;
}

static void note_detour(size_t from, size_t to, enum remora_detour why)
{
    pthread_mutex_lock(&lock);
    detours[from][to] = (struct detour){remora_now() + DETOUR_NANOS, why};
    pthread_mutex_unlock(&lock);
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* False: it is longer than any that a server gives. */
static bool keep_text(char *out, size_t capacity, struct remora_span text)
{
    if (text.length >= capacity) {
        return false;
    }
    if (text.length != 0) {
        memcpy(out, text.data, text.length);
    }
    out[text.length] = 0;
    return true;
}

static bool keep_offer(struct remora_reader *outputs, struct offer *offer)
{
    struct remora_span ticket;
    struct remora_span pool;
    struct remora_span member;
    if (!remora_decode_remoraOfferRows(outputs, &ticket, &pool, &member)
        || !keep_text(offer->pool, sizeof offer->pool, pool)
        || !keep_text(offer->member, sizeof offer->member, member)
        || ticket.length > sizeof offer->ticket) {
        return false;
    }
    if (ticket.length != 0) {
        memcpy(offer->ticket, ticket.data, ticket.length);
    }
    offer->ticket_bytes = ticket.length;
    return true;
}

static CUresult make_offer(const struct remora_device_copy *copy,
                           const struct remora_copy_end *from, struct offer *offer)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_OFFER_ROWS};
    offer->number = remora_new_handle_near(from->context);
    CUresult result = remora_call_begin_in(&call, from->context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraOfferRows(call.arguments, offer->number, copy->from, copy->from_pitch,
                                  copy->width, copy->height, from->stream);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS ? remora_call_end(&call, keep_offer(&call.outputs, offer))
                                  : result;
}

/* Whatever has become of the offer, its stream goes on. */
static void withdraw(const struct remora_copy_end *from, const struct offer *offer)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_WITHDRAW_OFFER};
    if (remora_call_begin_in(&call, from->context) == CUDA_SUCCESS) {
        remora_encode_remoraWithdrawOffer(call.arguments, offer->number);
        /* If it can't be sent there is no session whose stream could stand still. */
        CUresult unused = remora_call_async(&call);
        (void)unused;
    }
}

static CUresult fetch(const struct remora_device_copy *copy, const struct remora_copy_end *to,
                      const struct offer *offer, int32_t *outcome)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_FETCH_ROWS};
    CUresult result = remora_call_begin_in(&call, to->context);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraFetchRows(call.arguments, copy->to, copy->to_pitch, copy->width,
                                  copy->height, to->stream, offer->pool, offer->member,
                                  offer->ticket, offer->ticket_bytes);
    result = remora_call_sync(&call);
    return result == CUDA_SUCCESS
                   ? remora_call_end(&call, remora_decode_remoraFetchRows(&call.outputs, outcome))
                   : result;
}

static enum remora_detour why_of(int32_t outcome)
{
    switch (outcome) {
    case OUTCOME_UNREACHABLE:
        return REMORA_DETOUR_UNREACHABLE;
    case OUTCOME_REFUSED:
        return REMORA_DETOUR_REFUSED;
    case OUTCOME_BUSY:
        return REMORA_DETOUR_BUSY;
    default:
        return REMORA_DETOUR_BROKEN_OFF;
    }
}

/* With an offer: false as remora_copy_direct. */
static bool take_offer(const struct remora_device_copy *copy, const struct remora_copy_end *to,
                       const struct remora_copy_end *from, const struct offer *offer,
                       CUresult *result, enum remora_detour *why)
{
    int32_t outcome = OUTCOME_DONE;
    *result = fetch(copy, to, offer, &outcome);
    if (*result == CUDA_SUCCESS && outcome == OUTCOME_DONE) {
        remora_count_direct(copy->width * copy->height);
        return true;
    }
    withdraw(from, offer);
    if (*result != CUDA_SUCCESS) {
        return true;
    }
    *why = why_of(outcome);
    return false;
}

bool remora_copy_direct(const struct remora_device_copy *copy, const struct remora_copy_end *to,
                        const struct remora_copy_end *from, CUresult *result,
                        enum remora_detour *why)
{
    size_t source = remora_home(from->context);
    size_t target = remora_home(to->context);
    uint64_t bytes;
    *why = REMORA_DETOUR_SMALL;
    if (!__builtin_mul_overflow(copy->width, copy->height, &bytes) && bytes < DIRECT_BYTES_MIN) {
        return false;
    }
    if (has_detour(source, target, why)) {
        return false;
    }
    if (!remora_can_call(source, REMORA_CALL_REMORA_OFFER_ROWS)
        || !remora_can_call(target, REMORA_CALL_REMORA_FETCH_ROWS)) {
        *why = REMORA_DETOUR_OLDER;
        return false;
    }
    /* What the target's stream has to do is done before the source's stands still. */
    *result = to->stream < REMORA_FIRST_HANDLE ? remora_await_stream(to->context, to->stream)
                                               : CUDA_SUCCESS;
    if (*result != CUDA_SUCCESS) {
        return true;
    }
    struct offer offer = {0};
    *result = make_offer(copy, from, &offer);
    if (*result != CUDA_SUCCESS) {
        /* It may have been made for all that: what failed may be an earlier call. */
        withdraw(from, &offer);
        return true;
    }
    if (offer.ticket_bytes == 0) {
        *why = offer.pool[0] == 0 ? REMORA_DETOUR_NO_POOL : REMORA_DETOUR_BUSY;
    } else if (take_offer(copy, to, from, &offer, result, why)) {
        return true;
    }
    if (*why != REMORA_DETOUR_BUSY) {
        note_detour(source, target, *why);
    }
    return false;
}

void remora_forget_direct(void)
{
    pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    memset(detours, 0, sizeof detours);
}
