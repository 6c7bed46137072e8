/* SPDX-License-Identifier: Apache-2.0 */
/* NVML as its users have it: opened while they run, its functions found by name. */
#ifndef REMORA_TEST_FIND_NVML_H
#define REMORA_TEST_FIND_NVML_H

#include "check.h"

#include <dlfcn.h>
#include <string.h>

static void *library;

/* NVML's functions, found by name as its users do it; all answer a number. */
typedef int (*function)();

static function find(const char *name)
{
    function found;
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        fprintf(stderr, "there is no %s\n", name);
        exit(1);
    }
    memcpy(&found, &symbol, sizeof found);
    return found;
}

static void open_management(void)
{
    library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    REQUIRE(library != NULL);
}

#endif
