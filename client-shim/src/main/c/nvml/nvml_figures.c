/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hardware says of itself: temperature, power, clocks. The server has it from the
 * management library of its own machine; what that doesn't tell is NVML_ERROR_NOT_SUPPORTED.
 */
#include "nvml.h"

/* `figure` is FIGURES if there is none of what the caller asks for. */
static nvmlReturn_t tell(nvmlDevice_t device, enum remora_nvml_figure figure, unsigned int *out)
{
    struct remora_nvml_figures figures;
    nvmlReturn_t result = remora_nvml_check(device);
    if (result == NVML_SUCCESS && (out == NULL || figure == FIGURES)) {
        result = NVML_ERROR_INVALID_ARGUMENT;
    }
    if (result == NVML_SUCCESS) {
        result = remora_nvml_figures(device, &figures);
    }
    if (result == NVML_SUCCESS && !figures.known[figure]) {
        result = NVML_ERROR_NOT_SUPPORTED;
    }
    if (result == NVML_SUCCESS) {
        *out = figures.values[figure];
    }
    return result;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device,
                                                  nvmlTemperatureSensors_t sensor,
                                                  unsigned int *celsius)
{
    return tell(device, sensor == NVML_TEMPERATURE_GPU ? FIGURE_TEMPERATURE : FIGURES, celsius);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts)
{
    return tell(device, FIGURE_POWER, milliwatts);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device,
                                                           unsigned int *milliwatts)
{
    return tell(device, FIGURE_POWER_LIMIT, milliwatts);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device,
                                                         unsigned int *milliwatts)
{
    return tell(device, FIGURE_ENFORCED_POWER_LIMIT, milliwatts);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned int *percent)
{
    return tell(device, FIGURE_FAN_PERCENT, percent);
}

/* The figure of a clock, counted from that of the graphics engine's. */
static nvmlReturn_t tell_clock(nvmlDevice_t device, nvmlClockType_t clock,
                               enum remora_nvml_figure graphics, unsigned int *megahertz)
{
    nvmlReturn_t result = remora_nvml_check(device);
    if (result != NVML_SUCCESS) {
        return result;
    }
    switch (clock) {
    case NVML_CLOCK_GRAPHICS:
    case NVML_CLOCK_SM:
    case NVML_CLOCK_MEM:
        return tell(device, graphics + clock, megahertz);
    case NVML_CLOCK_VIDEO:
        return megahertz == NULL ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_NOT_SUPPORTED;
    }
    return NVML_ERROR_INVALID_ARGUMENT;
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t clock,
                                                unsigned int *megahertz)
{
    return tell_clock(device, clock, FIGURE_GRAPHICS_CLOCK, megahertz);
}

NVML_EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t clock,
                                                   unsigned int *megahertz)
{
    return tell_clock(device, clock, FIGURE_GRAPHICS_CLOCK_MAX, megahertz);
}
