/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session on one server: the stream, what is sent on it and what comes back. A process has one,
 * or one on each of the servers that were granted to it.
 * Its lock guards everything in it, and is held only for work that doesn't block: whoever has to
 * wait for the socket lets go of it first. Functions want the lock held unless they say otherwise.
 *
 * While a cut connection is restored the lock is held, see resume.c: then every call waits.
 *
 * There is no thread that reads: of the threads that wait, one leads, that is, it waits for the
 * socket and handles what comes for all, the others sleep. If none waits, a background thread looks
 * now and then (background.c).
 */
#ifndef REMORA_CONNECTION_H
#define REMORA_CONNECTION_H

#include <nghttp2/nghttp2.h>
#include <pthread.h>

#include "cancellation.h"
#include "channel.h"
#include "cancellation.h"
#include "client.h"
#include "kept.h"
#include "output.h"
#include "trace.h"

#define REMORA_PROTOCOL_VERSION 2

/* Sizes that both ends agree on by their version, as io.remora.wire.WireLimits has them. */
#define REMORA_CHUNK_BYTES_MAX (1u << 20)
#define REMORA_FRAME_BYTES_MAX (REMORA_CHUNK_BYTES_MAX + (64u << 10))

/* One read of the socket: several records of TLS, or a quarter of a chunk. */
#define REMORA_INPUT_BYTES (256u << 10)

#define REMORA_EXPECTED_BUCKETS 256u
#define REMORA_DETAIL_BYTES_MAX 1024

/* A call whose answer will come. Belongs to a thread, or to nobody: then it is freed by the answer. */
struct remora_expected {
    struct remora_expected *next;
    uint64_t sequence;
    uint32_t number;
    /* NULL: nobody waits. */
    struct remora_thread *waiter;
    /* Whether the outputs are bytes for `to`, and how many have come. */
    bool bulk;
    struct remora_rows to;
    uint64_t received;
    bool done;
    CUresult result;
};

/* What a thread needs to wait; each has one and uses it again and again. */
struct remora_thread {
    struct remora_expected expected;
    /* Among the threads that sleep until somebody leads on or has news for them. */
    struct remora_thread *previous_asleep;
    struct remora_thread *next_asleep;
    pthread_cond_t wake;
    /* What it sleeps for: its answer, or credit or room to send. */
    bool for_answer;
    uint8_t *outputs;
    size_t outputs_capacity;
    size_t outputs_length;
    /* Of several servers: a call's arguments until they say which one it is for, and its context. */
    struct remora_writer draft;
    uint64_t draft_context;
    char detail[REMORA_DETAIL_BYTES_MAX];
};

/* Whether the calling thread makes calls of the client's own: see remora_own_calls_begin. */
bool remora_own_calls(void);

/* The calling thread's own, or NULL if there is no memory. Needs no lock. */
struct remora_thread *remora_thread_self(void);

/* A message on its way in. */
struct remora_incoming {
    uint8_t *bytes;
    size_t capacity;
    /* Bytes of prefix and message that have come. */
    size_t length;
    /* Of the message, known once the prefix is there. */
    size_t message_bytes;
    /* Where payload is going directly; NULL if the message is gathered. */
    struct remora_expected *target;
    uint64_t target_offset;
    /* Bytes of this message that the target has got. */
    uint64_t target_taken;
    bool target_more;
};

/* How the stream has ended, as far as the server said so. */
struct remora_stream_end {
    bool closed;
    int http_status;
    /* -1: none. */
    int grpc_status;
    char message[512];
    /* HOST:PORT where the session goes on, if it has moved; or empty. */
    char moved[272];
    uint32_t error_code;
};

/* A failure that no call has returned. */
struct remora_deferred {
    bool present;
    uint64_t sequence;
    uint32_t number;
    CUresult result;
    char detail[REMORA_DETAIL_BYTES_MAX];
};

struct remora_callback_call {
    struct remora_callback_call *next;
    uint64_t token;
    /* Registered for a graph: it may be reached again. */
    bool lasting;
    uint64_t sequence;
    CUresult status;
    /* One of the two. */
    remora_host_function *function;
    remora_held_function *held_function;
    void *data;
};

/* See callbacks.c. Registered ones by token in buckets, reached ones in the order of arrival. */
struct remora_callbacks {
    struct remora_callback_call *registered[64];
    struct remora_callback_call *first_reached;
    struct remora_callback_call **last_reached;
    bool started;
    pthread_cond_t wake;
};

struct remora_connection {
    pthread_mutex_t lock;
    /* Its place among the process's, and the ordinal of its first device. */
    size_t index;
    size_t first_device;
    struct remora_settings settings;
    struct remora_channel channel;
    bool channel_open;
    struct remora_welcome welcome;
    bool welcomed;
    uint64_t server_protocol;

    /* http2.c */
    nghttp2_session *session;
    int32_t stream;
    bool ending;
    struct remora_stream_end end;
    struct remora_transit transit;
    struct remora_arrived arrived;
    uint8_t *input;

    /* resume.c; the grace is 0 if the session ends with its stream. */
    int64_t resume_grace_nanos;
    uint8_t resume_secret[32];
    bool resuming;
    bool resumed;
    bool cut;
    uint64_t resumed_position;

    /* receiver.c, frames.c and answers.c */
    struct remora_incoming incoming;
    struct remora_expected *expected[REMORA_EXPECTED_BUCKETS];
    struct remora_deferred deferred;
    struct remora_callbacks callbacks;
    struct remora_output output;

    /* sender.c */
    uint8_t supported[(REMORA_CALL_NUMBERS + 7) / 8];
    struct remora_writer batch;
    uint32_t batched;
    uint64_t batch_number;
    uint64_t next_sequence;
    uint64_t sent_bytes;
    uint64_t consumed_sequence;
    uint64_t consumed_bytes;
    uint64_t window_calls;
    uint64_t window_bytes;
    uint32_t chunk_bytes_max;
    size_t call_start;
    size_t call_message;
    size_t arguments_message;

    /* waiting.c */
    bool led;
    struct remora_thread *asleep;
    int64_t received_at;
    int64_t pinged_at;
    bool pinged;
    int64_t wait_average_nanos;

    /* background.c */
    int wake_fd;
    bool background_asleep;
    uint64_t begun;
    uint64_t reads;

    struct remora_statistics statistics;

    /* The process is ending: that the server ends the stream, too, is what it waits for. */
    bool leaving;

    /* CUDA_SUCCESS while the session is good; set once, with the words for it. */
    CUresult failure;
    char words[REMORA_WORDS_BYTES_MAX];
};

struct remora_opened;

/* ---- process.c ------------------------------------------------------------------------------ */

/* The process's first connection, or NULL. Needs no lock. */
struct remora_connection *remora_connection(void);

/* One of them. Needs no lock. */
struct remora_connection *remora_connection_at(size_t index);

/* Whether both ends know a call. */
static inline bool remora_knows_call(const struct remora_connection *connection, uint32_t number)
{
    return number < REMORA_CALL_NUMBERS
        && (connection->supported[number / 8] >> number % 8 & 1) != 0;
}

/*
 * Ends the session for all callers with a result; the first cause counts. Once a session is open
 * the words are printed.
 */
void remora_fail(struct remora_connection *connection, CUresult result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The server has sent what no server sends. */
void remora_fail_protocol(struct remora_connection *connection, const char *what);

/*
 * Names the socket that the child of a fork is to close; -1 for none. `index` is the connection's,
 * or REMORA_SERVERS_MAX for a question to a pool. Needs no lock.
 */
void remora_note_socket(size_t index, int fd);

/* Ends the session in order, and waits a while for the server to have heard of it. */
void remora_say_goodbye(struct remora_connection *connection);

/* ---- handshake.c ---------------------------------------------------------------------------- */

/* Opens a session on a connected channel. `before` are the process's other connections so far. */
CUresult remora_shake_hands(struct remora_connection *connection,
                            const struct remora_opened *before);

/* Connects the channel. False: `words` says why and what to do, `result` which error that is. */
bool remora_open_channel(struct remora_connection *connection, int64_t deadline, CUresult *result,
                         char words[REMORA_WORDS_BYTES_MAX]);

/* Sends the first frame of a stream that goes on with a session. False: out of memory. */
bool remora_hello(struct remora_connection *connection);

/* Fails with what the end of the stream, or of the connection, means. */
void remora_explain_end(struct remora_connection *connection);

/* welcome.c: takes a welcome; false if it is malformed. */
bool remora_read_welcome(struct remora_connection *connection, struct remora_reader in);

/* ---- resume.c ------------------------------------------------------------------------------- */

/*
 * The connection is cut. False if the session ends with it; otherwise it goes on, or has failed
 * with the words for it.
 */
bool remora_resume(struct remora_connection *connection);

/* ---- http2.c -------------------------------------------------------------------------------- */

#define REMORA_HEADERS_MAX 10
#define REMORA_BEARER_BYTES (REMORA_TOKEN_BYTES_MAX + sizeof "Bearer ")

/* The headers of a call, which use the settings and `bearer`; gives how many there are. */
size_t remora_http2_headers(const struct remora_settings *settings, const char *path, char *bearer,
                            nghttp2_nv headers[REMORA_HEADERS_MAX]);

/* Keeps what a header or a trailer says of the end of a call. */
void remora_note_header(struct remora_stream_end *end, const uint8_t *name, size_t name_length,
                        const uint8_t *value, size_t value_length);

/* Opens the stream. False: out of memory. */
bool remora_http2_open(struct remora_connection *connection);

/* Sends as much as stream, window and socket take. */
void remora_http2_push(struct remora_connection *connection);

/* Handles bytes of the server. */
void remora_http2_input(struct remora_connection *connection, const uint8_t *bytes, size_t length);

/* Asks whether the server is there. */
void remora_http2_ping(struct remora_connection *connection);

/* Closes the client's half of the stream behind what is on its way. */
void remora_http2_end(struct remora_connection *connection);

/* ---- receiver.c, frames.c, answers.c -------------------------------------------------------- */

/* A part of the stream's bytes. */
void remora_receive(struct remora_connection *connection, const uint8_t *bytes, size_t length);

/* A stream was cut, maybe within a message: it will come again from its beginning. */
void remora_receive_again(struct remora_connection *connection);

/* A whole message. */
void remora_read_frame(struct remora_connection *connection, const uint8_t *bytes, size_t length);

/* The tag of an answer in a frame, and a number that is larger than any CUresult. */
#define REMORA_FRAME_ANSWER (2u << 3 | REMORA_WIRE_LENGTH)
#define REMORA_RESULT_MAX 9999

/* One answer of a frame; false if the session is lost by it. */
bool remora_read_answer(struct remora_connection *connection, struct remora_reader in);

/*
 * Sees whether a message of `message_bytes` bytes, of which `in` has the first, is one answer that
 * ends in a payload. If so, notes in `incoming` where that belongs and leaves `in` at its first byte.
 */
bool remora_read_payload_head(struct remora_connection *connection, struct remora_reader *in,
                              size_t message_bytes);

/* Puts a part of a payload to its place; false if that is beyond what was asked for. */
bool remora_take_payload(struct remora_expected *expected, uint64_t offset, const uint8_t *bytes,
                         size_t length);

/* The last answer of a call has come, but for its outputs. */
void remora_answered(struct remora_connection *connection, struct remora_expected *expected,
                     CUresult result, struct remora_span detail);

/* Adds a call that will be answered. */
void remora_expect(struct remora_connection *connection, struct remora_expected *expected);

/* Completes everything that waits for an answer with the connection's failure. */
void remora_fail_expected(struct remora_connection *connection);

/* Notes the first failure of a call that isn't waited for. */
void remora_defer(struct remora_connection *connection, uint64_t sequence, uint32_t number,
                  CUresult result, struct remora_span detail);

/* ---- sender.c ------------------------------------------------------------------------------- */

/* Prepares the first frame. */
void remora_sender_reset(struct remora_connection *connection);

/* Copies bytes of rows, from an offset in all of them, into one piece. */
void remora_rows_copy(const struct remora_rows *rows, uint64_t offset, uint8_t *out, size_t bytes);

/* Sends the first frame, which was written into `batch`. No credit is needed for it. */
void remora_send_hello(struct remora_connection *connection);

/* Sends the calls that lie here; waits for room if need be. */
void remora_send_batch(struct remora_connection *connection);

/*
 * Begins a call whose payload will follow it in a frame of its own; waits for credit and until
 * nothing else is on its way. After success the lock is held until the call's end.
 */
CUresult remora_begin_payload(uint32_t number, uint64_t context, size_t payload_bytes,
                              struct remora_connection **out);

/* Ends that call, waits until its payload is sent, and gives the lock back, as the next two do. */
CUresult remora_end_payload(struct remora_connection *connection, uint32_t number,
                            struct remora_rows rows, uint64_t offset, size_t bytes);

/* Ends a call that was begun by remora_call_begin_in and is answered while nobody waits. */
CUresult remora_end_expected(struct remora_connection *connection, uint32_t number,
                             struct remora_expected *expected);

/* Ends a call that the thread waits for, waits, and gives its result. */
CUresult remora_end_waited(struct remora_connection *connection, uint32_t number,
                           struct remora_thread *thread);

/* Tells the server that host callbacks have run. */
void remora_send_callback_done(struct remora_connection *connection, uint64_t sequence);

/* Begins a call in a connection's frame, once there is credit for it. After success its lock is held. */
CUresult remora_begin_on(struct remora_connection *connection, struct remora_call *call,
                         uint64_t context);

/* Says whether the calling thread is between the begin and the end of a call. */
void remora_set_within_call(bool within);

/*
 * A call that was begun, whose arguments are written, is in the frame of the connection that it is
 * for, whose lock is held. Otherwise nothing is sent and no lock is held.
 */
CUresult remora_settle(struct remora_call *call, struct remora_connection **connection);

/* ---- route.c -------------------------------------------------------------------------------- */

/* Of several servers: begins a call whose arguments will say which of them it is for. */
CUresult remora_begin_draft(struct remora_call *call, uint64_t context);

/* The connection of a context. */
struct remora_connection *remora_connection_of(uint64_t context);

/*
 * The context in which a call is made: the given one if the call's arguments are about objects of
 * its server, otherwise a primary context of the server that has them.
 */
uint64_t remora_route_context(uint32_t number, uint64_t context,
                              const struct remora_writer *arguments);

/* ---- waiting.c ------------------------------------------------------------------------------ */

/* Waits until something has happened: an answer for the thread, credit, or room to send. */
void remora_wait_turn(struct remora_connection *connection, struct remora_thread *thread,
                      bool for_answer);

/* Lets one of the sleeping threads lead, and the background thread know if there is none. */
void remora_hand_on(struct remora_connection *connection);

/* Waits for the socket at most until then, and handles what came; with or without leading. */
void remora_look(struct remora_connection *connection, int64_t until);

/* Handles what the socket has. */
void remora_handle(struct remora_connection *connection, bool readable);

/* When the connection wants to be looked at even if nothing comes. */
int64_t remora_next_check(const struct remora_connection *connection);

/* Waits until the socket has taken everything that was appended to the channel. */
void remora_drain(struct remora_connection *connection);

/* Wakes threads that wait for credit or room. */
void remora_wake_all(struct remora_connection *connection);

/* ---- background.c, callbacks.c -------------------------------------------------------------- */

/* Creates a detached thread that takes no signals. False: the system has none to give. */
bool remora_create_thread(void *(*run)(void *), void *argument);

/*
 * What a thread of the client does when there is nothing left to do. It doesn't end: OpenSSL cleans
 * up behind threads, which must not happen while the process's end cleans up OpenSSL.
 */
void remora_rest(void);

/* Starts the thread that looks after the connection when nobody else does. */
bool remora_background_start(struct remora_connection *connection);

/* Wakes that thread if it sleeps. */
void remora_background_wake(struct remora_connection *connection);

/* A stream has reached a function, of a graph if `again`. False: the server made the token up. */
bool remora_callback_reached(struct remora_connection *connection, uint64_t sequence,
                             uint64_t token, CUresult status, bool again);

/* ---- statistics.c --------------------------------------------------------------------------- */

/*
 * What calls cost is counted by these, for the session and for the calling thread, whose trace says
 * it of each call. A call was sent; a frame was, for whomever; a call has waited for its answer; a
 * thread was blocked because too much was under way.
 */
void remora_count_call(struct remora_connection *connection, uint32_t number, bool waits,
                       size_t bytes);
void remora_count_frame(struct remora_connection *connection, size_t bytes);
void remora_count_wait(struct remora_connection *connection, uint32_t number, int64_t nanos,
                       uint64_t received);
void remora_count_credit(struct remora_connection *connection, int64_t nanos);

/* Appends the counters to REMORA_STATS_FILE, if that is set: those of connections that are locked. */
void remora_statistics_write(const bool locked[REMORA_SERVERS_MAX]);

/* In the child of a fork: counts from zero. */
void remora_statistics_after_fork(void);

#endif
