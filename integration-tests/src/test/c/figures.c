/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what libnvidia-ml.so.1 says of each device's hardware, a line each: the device, what it is,
 * what the function has answered, and the figure if that is success.
 */
#include "find_nvml.h"

#include <string.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, CLOCKS = 4 };

static void show(unsigned int index, const char *what, int result, unsigned int value)
{
    if (result == SUCCESS) {
        printf("%u %s %d %u\n", index, what, result, value);
    } else {
        printf("%u %s %d\n", index, what, result);
    }
}

static void ask(unsigned int index, void *device, const char *what, const char *name)
{
    unsigned int value = 0;
    REQUIRE(find(name)(device, NULL) == INVALID_ARGUMENT);
    int result = find(name)(device, &value);
    show(index, what, result, value);
}

static void ask_clocks(unsigned int index, void *device, const char *what, const char *name)
{
    static const char *const clocks[CLOCKS] = {"graphics", "sm", "memory", "video"};
    char text[32];
    for (int clock = 0; clock < CLOCKS; clock++) {
        unsigned int value = 0;
        REQUIRE(find(name)(device, clock, NULL) == INVALID_ARGUMENT);
        int result = find(name)(device, clock, &value);
        snprintf(text, sizeof text, "%s_%s", clocks[clock], what);
        show(index, text, result, value);
    }
    REQUIRE(find(name)(device, CLOCKS, text) == INVALID_ARGUMENT);
}

static void ask_all(unsigned int index)
{
    void *device = NULL;
    unsigned int value = 0;
    unsigned int percent[2] = {0, 0};
    REQUIRE(find("nvmlDeviceGetHandleByIndex_v2")(index, &device) == SUCCESS);
    REQUIRE(find("nvmlDeviceGetTemperature")(device, 1, &value) == INVALID_ARGUMENT);
    REQUIRE(find("nvmlDeviceGetTemperature")(device, 0, NULL) == INVALID_ARGUMENT);
    int result = find("nvmlDeviceGetTemperature")(device, 0, &value);
    show(index, "temperature", result, value);
    ask(index, device, "power", "nvmlDeviceGetPowerUsage");
    ask(index, device, "power_limit", "nvmlDeviceGetPowerManagementLimit");
    ask(index, device, "enforced_power_limit", "nvmlDeviceGetEnforcedPowerLimit");
    ask(index, device, "fan", "nvmlDeviceGetFanSpeed");
    ask_clocks(index, device, "clock", "nvmlDeviceGetClockInfo");
    ask_clocks(index, device, "clock_max", "nvmlDeviceGetMaxClockInfo");
    result = find("nvmlDeviceGetUtilizationRates")(device, percent);
    show(index, "gpu", result, percent[0]);
    show(index, "memory", result, percent[1]);
}

int main(void)
{
    unsigned int count = 0;
    open_management();
    REQUIRE(find("nvmlInit_v2")() == SUCCESS);
    REQUIRE(find("nvmlDeviceGetCount_v2")(&count) == SUCCESS);
    for (unsigned int index = 0; index < count; index++) {
        ask_all(index);
    }
    REQUIRE(find("nvmlShutdown")() == SUCCESS);
    return 0;
}
