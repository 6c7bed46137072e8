/* SPDX-License-Identifier: Apache-2.0 */
/* How devices are used: their load, and the processes of the tenant, wherever they run. */
#include <stdlib.h>
#include <string.h>

#include "nvml.h"
#include "remora_by_hand.h"

/* A server lets a tenant have no more sessions than this in one answer. */
#define PROCESSES_MAX 4096u

struct use {
    uint32_t busy_percent;
    size_t count;
    uint64_t ids[PROCESSES_MAX];
    uint64_t bytes[PROCESSES_MAX];
    /* One behind the other; to be freed. */
    char *names;
    size_t names_length;
    struct remora_nvml_figures figures;
};

typedef struct {
    unsigned int gpu;
    unsigned int memory;
} nvmlUtilization_t;

typedef struct {
    unsigned int pid;
    unsigned long long usedGpuMemory;
} nvmlProcessInfo_v1_t;

typedef struct {
    unsigned int pid;
    unsigned long long usedGpuMemory;
    unsigned int gpuInstanceId;
    unsigned int computeInstanceId;
} nvmlProcessInfo_t;

static void free_use(struct use *use)
{
    free(use->names);
    free(use);
}

/* DeviceFigures; false if it is malformed. Figures of later servers are stepped over. */
static bool read_figures(struct remora_span message, struct remora_nvml_figures *out)
{
    struct remora_reader in = remora_reader_of(message.data, message.length);
    uint32_t tag;
    while (remora_read_tag(&in, &tag)) {
        uint32_t field = tag >> 3;
        if (field < FIGURES && (tag & 7) == REMORA_WIRE_VARINT) {
            out->values[field] = (unsigned int)remora_read_varint(&in);
            out->known[field] = true;
        } else {
            remora_skip(&in, tag);
        }
    }
    return !in.failed;
}

static CUresult ask(CUdevice device, struct use *use)
{
    struct remora_call call = {.number = REMORA_CALL_REMORA_DEVICE_USE};
    CUresult result = remora_call_begin_in(&call, 0);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    remora_encode_remoraDeviceUse(call.arguments, device);
    result = remora_call_sync(&call);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    size_t sizes = 0;
    struct remora_span names = {NULL, 0};
    struct remora_span figures = {NULL, 0};
    bool well_formed = remora_decode_remoraDeviceUse(
            &call.outputs, &use->busy_percent, use->ids, PROCESSES_MAX, &use->count, use->bytes,
            PROCESSES_MAX, &sizes, &names, &figures)
        && read_figures(figures, &use->figures);
    if (well_formed && names.length > 0) {
        use->names = malloc(names.length);
        use->names_length = use->names == NULL ? 0 : names.length;
        if (use->names != NULL) {
            memcpy(use->names, names.data, names.length);
        }
    }
    result = remora_call_end(&call, well_formed && sizes == use->count);
    use->count = use->count < PROCESSES_MAX ? use->count : PROCESSES_MAX;
    return result;
}

/* What the server says of a device; to be freed. */
static nvmlReturn_t use_of(nvmlDevice_t device, struct use **use)
{
    nvmlReturn_t result = remora_nvml_check(device);
    if (result != NVML_SUCCESS) {
        return result;
    }
    *use = calloc(1, sizeof(**use));
    if (*use == NULL) {
        return NVML_ERROR_MEMORY;
    }
    result = remora_nvml_result(ask((CUdevice)(device - remora_welcome()->devices), *use));
    if (result != NVML_SUCCESS) {
        free_use(*use);
        *use = NULL;
    }
    return result;
}

nvmlReturn_t remora_nvml_figures(nvmlDevice_t device, struct remora_nvml_figures *out)
{
    struct use *use;
    nvmlReturn_t result = use_of(device, &use);
    if (result == NVML_SUCCESS) {
        *out = use->figures;
        free_use(use);
    }
    return result;
}

/*
 * The hardware's, where it tells; otherwise the time of all tenants' work in the last second, and
 * how busy the device's memory is nobody measures: 0.
 */
NVML_EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *out)
{
    struct use *use;
    nvmlReturn_t result = remora_nvml_check(device);
    if (result == NVML_SUCCESS && out == NULL) {
        result = NVML_ERROR_INVALID_ARGUMENT;
    }
    if (result == NVML_SUCCESS) {
        result = use_of(device, &use);
    }
    if (result == NVML_SUCCESS) {
        const struct remora_nvml_figures *figures = &use->figures;
        *out = figures->known[FIGURE_GPU_PERCENT] && figures->known[FIGURE_MEMORY_PERCENT]
                   ? (nvmlUtilization_t){figures->values[FIGURE_GPU_PERCENT],
                                         figures->values[FIGURE_MEMORY_PERCENT]}
                   : (nvmlUtilization_t){use->busy_percent, 0};
        free_use(use);
    }
    return result;
}

/* Tells how many there are if there is no room for them. */
static nvmlReturn_t processes(nvmlDevice_t device, unsigned int *count, const void *out,
                              struct use **use)
{
    nvmlReturn_t result = remora_nvml_check(device);
    if (result == NVML_SUCCESS && (count == NULL || (*count > 0 && out == NULL))) {
        result = NVML_ERROR_INVALID_ARGUMENT;
    }
    if (result == NVML_SUCCESS) {
        result = use_of(device, use);
    }
    if (result != NVML_SUCCESS) {
        return result;
    }
    unsigned int room = *count;
    *count = (unsigned int)(*use)->count;
    if (room < *count) {
        free_use(*use);
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    return NVML_SUCCESS;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device,
                                                              unsigned int *count,
                                                              nvmlProcessInfo_v1_t *infos)
{
    struct use *use;
    nvmlReturn_t result = processes(device, count, infos, &use);
    if (result == NVML_SUCCESS) {
        for (unsigned int i = 0; i < *count; i++) {
            infos[i] = (nvmlProcessInfo_v1_t){(unsigned int)use->ids[i], use->bytes[i]};
        }
        free_use(use);
    }
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device,
                                                                 unsigned int *count,
                                                                 nvmlProcessInfo_t *infos)
{
    struct use *use;
    nvmlReturn_t result = processes(device, count, infos, &use);
    if (result == NVML_SUCCESS) {
        for (unsigned int i = 0; i < *count; i++) {
            /* No instances: the device isn't partitioned. */
            infos[i] = (nvmlProcessInfo_t){(unsigned int)use->ids[i], use->bytes[i], UINT32_MAX,
                                           UINT32_MAX};
        }
        free_use(use);
    }
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device,
                                                                 unsigned int *count,
                                                                 nvmlProcessInfo_t *infos)
{
    return nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos);
}

/* The name of a process, or NULL. */
static const char *name_of(const struct use *use, unsigned int pid)
{
    const char *name = use->names;
    const char *end = use->names + use->names_length;
    for (size_t i = 0; i < use->count && name != NULL && name < end; i++) {
        const char *behind = memchr(name, 0, (size_t)(end - name));
        if (behind == NULL) {
            return NULL;
        }
        if ((unsigned int)use->ids[i] == pid) {
            return name;
        }
        name = behind + 1;
    }
    return NULL;
}

/* Processes of the tenant, wherever they run: those that hold memory of any device. */
NVML_EXPORT nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char *name,
                                                  unsigned int length)
{
    nvmlReturn_t result = remora_nvml_ready();
    if (result != NVML_SUCCESS) {
        return result;
    }
    if (name == NULL || length == 0) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    const struct remora_welcome *welcome = remora_welcome();
    for (size_t i = 0; i < welcome->device_count; i++) {
        struct use *use;
        result = use_of((nvmlDevice_t)&welcome->devices[i], &use);
        if (result != NVML_SUCCESS) {
            return result;
        }
        const char *found = name_of(use, pid);
        size_t bytes = found == NULL ? 0 : strlen(found) + 1;
        if (bytes > 0 && bytes <= length) {
            memcpy(name, found, bytes);
        }
        free_use(use);
        if (bytes > 0) {
            return bytes <= length ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE;
        }
    }
    return NVML_ERROR_NOT_FOUND;
}

/* Nothing draws on these devices. */
static nvmlReturn_t none(nvmlDevice_t device, unsigned int *count)
{
    nvmlReturn_t result = remora_nvml_check(device);
    if (result == NVML_SUCCESS && count == NULL) {
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    if (result == NVML_SUCCESS) {
        *count = 0;
    }
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses(nvmlDevice_t device,
                                                               unsigned int *count,
                                                               nvmlProcessInfo_v1_t *infos)
{
    (void)infos;
    return none(device, count);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v2(nvmlDevice_t device,
                                                                  unsigned int *count,
                                                                  nvmlProcessInfo_t *infos)
{
    (void)infos;
    return none(device, count);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device,
                                                                  unsigned int *count,
                                                                  nvmlProcessInfo_t *infos)
{
    (void)infos;
    return none(device, count);
}
