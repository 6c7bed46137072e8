/* SPDX-License-Identifier: Apache-2.0
 *
 * A libnvidia-ml.so.1 for tests: the management library of the null driver, whose devices it finds
 * by their UUIDs. It tells the figures that it was given, and answers NOT_SUPPORTED for all others.
 * NULLNVML_CONTROL in the environment has commands, separated by semicolons; a test in the same
 * process gives them to nullnvmlControl:
 *
 *     figure NAME VALUE    a figure of names[] is VALUE on device 0, VALUE + 1 on device 1, ...
 *     error NAME CODE      its function answers CODE; also `error init CODE`
 *     hold                 calls for figures don't come back
 *     release              until then
 *     restart              as in a new process, but for how often it was initialised
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define DEVICES_MAX 16

enum {
    SUCCESS = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NOT_FOUND = 6,
};

enum figure {
    INIT,
    TEMPERATURE,
    POWER,
    POWER_LIMIT,
    ENFORCED_POWER_LIMIT,
    GPU,
    MEMORY,
    GRAPHICS_CLOCK,
    SM_CLOCK,
    MEMORY_CLOCK,
    GRAPHICS_CLOCK_MAX,
    SM_CLOCK_MAX,
    MEMORY_CLOCK_MAX,
    FAN,
    FIGURES
};

static const char *const names[FIGURES] = {
    [INIT] = "init",
    [TEMPERATURE] = "temperature",
    [POWER] = "power",
    [POWER_LIMIT] = "power_limit",
    [ENFORCED_POWER_LIMIT] = "enforced_power_limit",
    [GPU] = "gpu",
    [MEMORY] = "memory",
    [GRAPHICS_CLOCK] = "graphics_clock",
    [SM_CLOCK] = "sm_clock",
    [MEMORY_CLOCK] = "memory_clock",
    [GRAPHICS_CLOCK_MAX] = "graphics_clock_max",
    [SM_CLOCK_MAX] = "sm_clock_max",
    [MEMORY_CLOCK_MAX] = "memory_clock_max",
    [FAN] = "fan",
};

/* Everything below is guarded by the mutex. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static bool held;
static int users;
static int errors[FIGURES];
static unsigned int values[FIGURES];
static char devices[DEVICES_MAX];

/* ---- commands ------------------------------------------------------------------------------- */

static void restart(void)
{
    for (int i = 0; i < FIGURES; i++) {
        errors[i] = i == INIT ? SUCCESS : NOT_SUPPORTED;
    }
    held = false;
    pthread_cond_broadcast(&released);
}

static int command(const char *text)
{
    char name[32];
    unsigned int number;
    bool is_figure = sscanf(text, " figure %31s %u", name, &number) == 2;
    if (is_figure || sscanf(text, " error %31s %u", name, &number) == 2) {
        for (int i = 0; i < FIGURES; i++) {
            if (strcmp(names[i], name) == 0) {
                errors[i] = is_figure ? SUCCESS : (int)number;
                values[i] = is_figure ? number : 0;
                return 0;
            }
        }
        return 1;
    }
    if (sscanf(text, " %31s", name) != 1) {
        return 1;
    }
    if (strcmp(name, "hold") == 0) {
        held = true;
    } else if (strcmp(name, "release") == 0) {
        held = false;
        pthread_cond_broadcast(&released);
    } else if (strcmp(name, "restart") == 0) {
        restart();
    } else {
        return 1;
    }
    return 0;
}

/* Gives a command; answers 0, or 1 if there is no such command. */
EXPORT int nullnvmlControl(const char *text);
EXPORT int nullnvmlControl(const char *text)
{
    pthread_mutex_lock(&mutex);
    int result = command(text);
    pthread_mutex_unlock(&mutex);
    return result;
}

/* How often nvmlInit was called more than nvmlShutdown. */
EXPORT int nullnvmlUsers(void);
EXPORT int nullnvmlUsers(void)
{
    pthread_mutex_lock(&mutex);
    int result = users;
    pthread_mutex_unlock(&mutex);
    return result;
}

__attribute__((constructor)) static void read_environment(void)
{
    restart();
    const char *text = getenv("NULLNVML_CONTROL");
    char *copy = strdup(text == NULL ? "restart" : text);
    if (copy == NULL) {
        abort();
    }
    char *rest = copy;
    for (char *each = strsep(&rest, ";"); each != NULL; each = strsep(&rest, ";")) {
        if (nullnvmlControl(each) != 0) {
            fprintf(stderr, "null management library: there is no command '%s'\n", each);
            abort();
        }
    }
    free(copy);
}

/* ---- the library ---------------------------------------------------------------------------- */

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlInit_v2(void)
{
    pthread_mutex_lock(&mutex);
    int result = errors[INIT];
    users += result == SUCCESS ? 1 : 0;
    pthread_mutex_unlock(&mutex);
    return result;
}

EXPORT int nvmlShutdown(void);
EXPORT int nvmlShutdown(void)
{
    pthread_mutex_lock(&mutex);
    int result = users > 0 ? SUCCESS : UNINITIALIZED;
    users -= users > 0 ? 1 : 0;
    pthread_mutex_unlock(&mutex);
    return result;
}

/* The null driver's UUIDs are d0 all over, but for the last byte, the device's number. */
EXPORT int nvmlDeviceGetHandleByUUID(const char *uuid, void **device);
EXPORT int nvmlDeviceGetHandleByUUID(const char *uuid, void **device)
{
    const char *count = getenv("NULLCUDA_DEVICES");
    unsigned int number;
    int end = 0;
    if (sscanf(uuid, "GPU-d0d0d0d0-d0d0-d0d0-d0d0-d0d0d0d0d0%2x%n", &number, &end) != 1
        || uuid[end] != '\0' || number >= DEVICES_MAX
        || number >= (count == NULL ? 1 : strtoul(count, NULL, 10))) {
        return NOT_FOUND;
    }
    *device = &devices[number];
    return SUCCESS;
}

static int tell(void *device, enum figure figure, unsigned int *out)
{
    const char *is = device;
    if (is < devices || is >= devices + DEVICES_MAX) {
        return INVALID_ARGUMENT;
    }
    pthread_mutex_lock(&mutex);
    while (held) {
        pthread_cond_wait(&released, &mutex);
    }
    int result = users > 0 ? errors[figure] : UNINITIALIZED;
    if (result == SUCCESS) {
        *out = values[figure] + (unsigned int)(is - devices);
    }
    pthread_mutex_unlock(&mutex);
    return result;
}

#define TELLS(function, figure)                                                                   \
    EXPORT int function(void *device, unsigned int *out);                                         \
    EXPORT int function(void *device, unsigned int *out)                                          \
    {                                                                                             \
        return tell(device, figure, out);                                                         \
    }

TELLS(nvmlDeviceGetPowerUsage, POWER)
TELLS(nvmlDeviceGetPowerManagementLimit, POWER_LIMIT)
TELLS(nvmlDeviceGetEnforcedPowerLimit, ENFORCED_POWER_LIMIT)
TELLS(nvmlDeviceGetFanSpeed, FAN)

EXPORT int nvmlDeviceGetTemperature(void *device, int sensor, unsigned int *out);
EXPORT int nvmlDeviceGetTemperature(void *device, int sensor, unsigned int *out)
{
    return sensor == 0 ? tell(device, TEMPERATURE, out) : INVALID_ARGUMENT;
}

EXPORT int nvmlDeviceGetUtilizationRates(void *device, unsigned int out[2]);
EXPORT int nvmlDeviceGetUtilizationRates(void *device, unsigned int out[2])
{
    int result = tell(device, GPU, &out[0]);
    return result == SUCCESS ? tell(device, MEMORY, &out[1]) : result;
}

/* Clocks are numbered graphics, multiprocessors, memory, video. */
EXPORT int nvmlDeviceGetClockInfo(void *device, int clock, unsigned int *out);
EXPORT int nvmlDeviceGetClockInfo(void *device, int clock, unsigned int *out)
{
    return clock >= 0 && clock <= 2 ? tell(device, GRAPHICS_CLOCK + clock, out) : NOT_SUPPORTED;
}

EXPORT int nvmlDeviceGetMaxClockInfo(void *device, int clock, unsigned int *out);
EXPORT int nvmlDeviceGetMaxClockInfo(void *device, int clock, unsigned int *out)
{
    return clock >= 0 && clock <= 2 ? tell(device, GRAPHICS_CLOCK_MAX + clock, out) : NOT_SUPPORTED;
}
