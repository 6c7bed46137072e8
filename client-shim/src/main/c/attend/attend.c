/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     remora-attend REPORT [ARGUMENT...] -- COMMAND [ARGUMENT...]
 *
 * Runs COMMAND, then REPORT with its output on standard error, and ends as COMMAND has ended. It is
 * there for `remora run --stats`, where somebody has to stay until the command has ended, and is C
 * because it has to stay unnoticed: it must tell a signal of the terminal, which the command has
 * got too, from one that somebody sent to this process only, and must end by a signal itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_ATTEND = 125, CANNOT_EXECUTE = 126, NOT_FOUND = 127 };

/* Does not return. */
static void execute(char **command)
{
    execvp(command[0], command);
    int status = errno == ENOENT ? NOT_FOUND : CANNOT_EXECUTE;
    fprintf(stderr, "remora: %s can't be run: %s\n", command[0], strerror(errno));
    _exit(status);
}

static pid_t start(char **command, const sigset_t *mask, void (*on_child)(int))
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        /* Where this process is killed, the command would be left behind. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(CANNOT_ATTEND);
        }
        signal(SIGCHLD, on_child);
        sigprocmask(SIG_SETMASK, mask, NULL);
        execute(command);
    }
    return child;
}

/* True if the child has ended; a child that has stopped makes this process stop as well. */
static bool has_ended(pid_t child, int *status)
{
    while (waitpid(child, status, WNOHANG | WUNTRACED) == child) {
        if (!WIFSTOPPED(*status)) {
            return true;
        }
        /* Whoever continues this process continues its group, or this process alone. */
        raise(SIGSTOP);
        kill(child, SIGCONT);
    }
    return false;
}

/* All signals are blocked. */
static int attend(pid_t child, const sigset_t *all)
{
    int status;
    while (!has_ended(child, &status)) {
        siginfo_t info;
        int number = sigwaitinfo(all, &info);
        /* The kernel's own come from the terminal and have gone to the whole process group. */
        if (number > 0 && number != SIGCHLD && info.si_code <= 0) {
            kill(child, number);
        }
    }
    return status;
}

static void report(char **command)
{
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execute(command);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Does not return. */
static void end_as(int status)
{
    if (WIFSIGNALED(status)) {
        /* The command's own memory is the one worth dumping. */
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        int number = WTERMSIG(status);
        sigset_t only;
        sigemptyset(&only);
        sigaddset(&only, number);
        signal(number, SIG_DFL);
        raise(number);
        sigprocmask(SIG_UNBLOCK, &only, NULL);
        _exit(128 + number);
    }
    _exit(WEXITSTATUS(status));
}

int main(int count, char **arguments)
{
    int end = 1;
    while (end < count && strcmp(arguments[end], "--") != 0) {
        end++;
    }
    if (end == 1 || end + 1 >= count) {
        fprintf(stderr, "usage: remora-attend REPORT [ARGUMENT...] -- COMMAND [ARGUMENT...]\n");
        return CANNOT_ATTEND;
    }
    arguments[end] = NULL;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    /* Whoever ignores the end of children here would never hear of it. */
    void (*on_child)(int) = signal(SIGCHLD, SIG_DFL);
    pid_t child = start(arguments + end + 1, &before, on_child);
    if (child < 0) {
        fprintf(stderr, "remora: no process can be started: %s\n", strerror(errno));
        return CANNOT_ATTEND;
    }
    int status = attend(child, &all);
    report(arguments + 1);
    end_as(status);
}
