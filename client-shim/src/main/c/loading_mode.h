/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the images of libraries are loaded when something in them is first looked up. */
#ifndef REMORA_LOADING_MODE_H
#define REMORA_LOADING_MODE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* CUDA's own variable; lazy is CUDA's default. */
static inline bool remora_loads_lazily(void)
{
    const char *mode = getenv("CUDA_MODULE_LOADING");
    return mode == NULL || strcmp(mode, "EAGER") != 0;
}

#endif
