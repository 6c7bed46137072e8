/* SPDX-License-Identifier: Apache-2.0 */
/* Asks libnvidia-ml.so.1 for everything that it has, and compares it with what libcuda.so.1 says. */
#define _POSIX_C_SOURCE 200809L
#include "find_nvml.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
       INSUFFICIENT_SIZE = 7, ARGUMENT_VERSION_MISMATCH = 25 };

struct memory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
};

struct memory_v2 {
    unsigned int version;
    unsigned long long total;
    unsigned long long reserved;
    unsigned long long free;
    unsigned long long used;
};

struct pci_info {
    char legacy_id[16];
    unsigned int domain;
    unsigned int bus;
    unsigned int device;
    unsigned int device_id;
    unsigned int subsystem_id;
    char id[32];
};

#define NVML(result, name, ...) REQUIRE(find(name)(__VA_ARGS__) == (result))

static void look_at_device(void *device)
{
    char text[96];
    char cuda_text[96];
    int major;
    int minor;
    int cuda_major;
    void *same = NULL;
    NVML(SUCCESS, "nvmlDeviceGetName", device, text, (unsigned)sizeof text);
    CHECK(cuDeviceGetName(cuda_text, sizeof cuda_text, 0));
    REQUIRE(strcmp(text, cuda_text) == 0);
    NVML(INSUFFICIENT_SIZE, "nvmlDeviceGetName", device, text, (unsigned)strlen(text));
    NVML(SUCCESS, "nvmlDeviceGetUUID", device, text, (unsigned)sizeof text);
    REQUIRE(strlen(text) == 40 && strncmp(text, "GPU-", 4) == 0);
    NVML(SUCCESS, "nvmlDeviceGetHandleByUUID", text, &same);
    REQUIRE(same == device);
    text[39] = text[39] == '0' ? '1' : '0';
    NVML(NOT_FOUND, "nvmlDeviceGetHandleByUUID", text, &same);
    NVML(SUCCESS, "nvmlDeviceGetCudaComputeCapability", device, &major, &minor);
    CHECK(cuDeviceGetAttribute(&cuda_major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0));
    REQUIRE(major == cuda_major);
}

static void look_at_bus(void *device)
{
    struct pci_info info;
    void *same = NULL;
    char cuda_id[32];
    CHECK(cuDeviceGetPCIBusId(cuda_id, sizeof cuda_id, 0));
    NVML(SUCCESS, "nvmlDeviceGetPciInfo_v3", device, &info);
    NVML(SUCCESS, "nvmlDeviceGetHandleByPciBusId_v2", info.id, &same);
    REQUIRE(same == device);
    same = NULL;
    NVML(SUCCESS, "nvmlDeviceGetHandleByPciBusId", cuda_id, &same);
    REQUIRE(same == device);
    NVML(INVALID_ARGUMENT, "nvmlDeviceGetHandleByPciBusId_v2", "nonsense", &same);
}

static void look_at_memory(void *device)
{
    struct memory before;
    struct memory after;
    struct memory_v2 versioned = {.version = sizeof versioned | 2 << 24};
    size_t free_bytes;
    size_t total_bytes;
    CUdeviceptr address;
    NVML(SUCCESS, "nvmlDeviceGetMemoryInfo", device, &before);
    CHECK(cuMemGetInfo_v2(&free_bytes, &total_bytes));
    REQUIRE(before.total == total_bytes && before.total == before.free + before.used);
    CHECK(cuMemAlloc_v2(&address, 32 << 20));
    NVML(SUCCESS, "nvmlDeviceGetMemoryInfo", device, &after);
    /* What the tenant's other session holds counts. */
    REQUIRE(after.used >= before.used + (32 << 20));
    NVML(SUCCESS, "nvmlDeviceGetMemoryInfo_v2", device, &versioned);
    REQUIRE(versioned.total == after.total && versioned.free + versioned.used == versioned.total);
    versioned.version = 1;
    NVML(ARGUMENT_VERSION_MISMATCH, "nvmlDeviceGetMemoryInfo_v2", device, &versioned);
    CHECK(cuMemFree_v2(address));
}

struct process {
    unsigned int id;
    unsigned long long bytes;
    unsigned int instances[2];
};

/* The server looks once a second, so this process is there after a second or two. */
static void look_at_use(void *device)
{
    unsigned int utilization[2] = {999, 999};
    unsigned int count = 0;
    unsigned int none = 7;
    struct process found[16];
    CUdeviceptr address;
    const struct timespec pause = {0, 50000000};
    NVML(SUCCESS, "nvmlDeviceGetUtilizationRates", device, utilization);
    REQUIRE(utilization[0] <= 100 && utilization[1] == 0);
    NVML(INVALID_ARGUMENT, "nvmlDeviceGetUtilizationRates", device, NULL);
    CHECK(cuMemAlloc_v2(&address, 32 << 20));
    bool seen = false;
    for (int i = 0; i < 600 && !seen; i++) {
        count = 16;
        NVML(SUCCESS, "nvmlDeviceGetComputeRunningProcesses_v3", device, &count, found);
        for (unsigned int p = 0; p < count; p++) {
            seen = seen || (found[p].id == (unsigned int)getpid() && found[p].bytes >= 32 << 20);
        }
        nanosleep(&pause, NULL);
    }
    REQUIRE(seen);
    char name[64];
    NVML(SUCCESS, "nvmlSystemGetProcessName", (unsigned int)getpid(), name, (unsigned)sizeof name);
    REQUIRE(strcmp(name, "management") == 0);
    NVML(INSUFFICIENT_SIZE, "nvmlSystemGetProcessName", (unsigned int)getpid(), name, 4u);
    NVML(NOT_FOUND, "nvmlSystemGetProcessName", 0u, name, (unsigned)sizeof name);
    count = 0;
    NVML(INSUFFICIENT_SIZE, "nvmlDeviceGetComputeRunningProcesses_v2", device, &count, NULL);
    REQUIRE(count >= 1);
    NVML(SUCCESS, "nvmlDeviceGetGraphicsRunningProcesses_v3", device, &none, found);
    REQUIRE(none == 0);
    CHECK(cuMemFree_v2(address));
}

static void look_at_versions(void)
{
    char text[80];
    setenv("REMORA_DRIVER_VERSION", "550.163.01", 1);
    NVML(SUCCESS, "nvmlSystemGetDriverVersion", text, (unsigned)sizeof text);
    REQUIRE(strcmp(text, "550.163.01") == 0);
    NVML(SUCCESS, "nvmlSystemGetNVMLVersion", text, (unsigned)sizeof text);
    REQUIRE(strcmp(text, "550.163.01") == 0);
    unsetenv("REMORA_DRIVER_VERSION");
    NVML(SUCCESS, "nvmlSystemGetDriverVersion", text, (unsigned)sizeof text);
    REQUIRE(strcmp(text, "550.163.01") != 0);
}

int main(void)
{
    unsigned int count = 0;
    unsigned int index = 7;
    int version = 0;
    int cuda_version = 0;
    int utilization[2];
    void *device = NULL;
    open_management();
    NVML(UNINITIALIZED, "nvmlDeviceGetCount_v2", &count);
    NVML(UNINITIALIZED, "nvmlShutdown");
    NVML(SUCCESS, "nvmlInit_v2");
    use_first_device();
    NVML(SUCCESS, "nvmlSystemGetCudaDriverVersion_v2", &version);
    CHECK(cuDriverGetVersion(&cuda_version));
    REQUIRE(version == cuda_version);
    NVML(SUCCESS, "nvmlDeviceGetCount_v2", &count);
    REQUIRE(count == 1);
    NVML(INVALID_ARGUMENT, "nvmlDeviceGetHandleByIndex_v2", count, &device);
    NVML(SUCCESS, "nvmlDeviceGetHandleByIndex_v2", 0, &device);
    NVML(SUCCESS, "nvmlDeviceGetIndex", device, &index);
    REQUIRE(index == 0);
    NVML(INVALID_ARGUMENT, "nvmlDeviceGetIndex", &index, &index);
    look_at_device(device);
    look_at_bus(device);
    look_at_memory(device);
    look_at_use(device);
    look_at_versions();
    NVML(NOT_SUPPORTED, "nvmlDeviceGetTemperature", device, 0, utilization);
    NVML(SUCCESS, "nvmlShutdown");
    NVML(UNINITIALIZED, "nvmlDeviceGetCount_v2", &count);
    printf("agreed\n");
    return 0;
}
