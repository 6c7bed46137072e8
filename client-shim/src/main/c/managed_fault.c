/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "managed_fault.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#include "managed.h"

/* What was there before; changed only with the lock of managed memory. */
static struct sigaction before;
static bool watching;

/* Where the program's handler was called: one that calls this one again shall not do so for ever. */
static __thread const char *handed_on;

enum touch { READ, WRITE, EXECUTE };

static enum touch touch_of(const ucontext_t *context)
{
#if defined(__x86_64__)
    /* The page fault's error code. */
    unsigned long long code = (unsigned long long)context->uc_mcontext.gregs[REG_ERR];
    return (code & 16) != 0 ? EXECUTE : (code & 2) != 0 ? WRITE : READ;
#else
    /* Not told: what was only read goes back to the server as if it had been written. */
    (void)context;
    return WRITE;
#endif
}

/* Without a handler the fault happens again, and is the end of the process. */
static void give_up(int number)
{
    struct sigaction none = {.sa_handler = SIG_DFL};
    sigemptyset(&none.sa_mask);
    sigaction(number, &none, NULL);
}

/* As if only the program's handler had been there: with the signals blocked that it wants so. */
static void call_handler(const struct sigaction *next, int number, siginfo_t *info,
                         ucontext_t *context)
{
    sigset_t blocked;
    sigset_t ours;
    sigorset(&blocked, &context->uc_sigmask, &next->sa_mask);
    if ((next->sa_flags & SA_NODEFER) == 0) {
        sigaddset(&blocked, number);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &ours);
    if ((next->sa_flags & SA_SIGINFO) != 0) {
        next->sa_sigaction(number, info, context);
    } else {
        next->sa_handler(number);
    }
    pthread_sigmask(SIG_SETMASK, &ours, NULL);
}

static void hand_on(int number, siginfo_t *info, ucontext_t *context)
{
    const char here = 0;
    struct sigaction next = before;
    bool handler = next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN;
    /* A handler that has left by siglongjmp has taken its frames away. */
    bool within = handed_on != NULL && &here < handed_on;
    if (within || !handler) {
        give_up(number);
        return;
    }
    if ((next.sa_flags & (int)SA_RESETHAND) != 0) {
        before.sa_handler = SIG_DFL;
    }
    handed_on = &here;
    call_handler(&next, number, info, context);
    handed_on = NULL;
}

static void on_fault(int number, siginfo_t *info, void *given)
{
    int error = errno;
    ucontext_t *context = given;
    enum touch touch = touch_of(context);
    /* From a process or thread, not from a touch of memory, if it isn't positive. */
    bool resolved = info->si_code > 0 && touch != EXECUTE
                    && remora_managed_resolve((uint64_t)(uintptr_t)info->si_addr, touch == WRITE);
    errno = error;
    if (!resolved) {
        hand_on(number, info, context);
    }
}

bool remora_managed_watch_faults(void)
{
    struct sigaction now;
    if (sigaction(SIGSEGV, NULL, &now) != 0) {
        return false;
    }
    if (watching && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault) {
        return true;
    }
    struct sigaction ours = {.sa_sigaction = on_fault,
                             .sa_flags = SA_SIGINFO | SA_NODEFER | (now.sa_flags & SA_ONSTACK)};
    /* Other handlers must not run within a call. Those of faults can't be put off. */
    sigfillset(&ours.sa_mask);
    sigdelset(&ours.sa_mask, SIGSEGV);
    sigdelset(&ours.sa_mask, SIGBUS);
    sigdelset(&ours.sa_mask, SIGFPE);
    sigdelset(&ours.sa_mask, SIGILL);
    before = now;
    watching = sigaction(SIGSEGV, &ours, NULL) == 0;
    return watching;
}
