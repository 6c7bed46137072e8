/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the library as programs do that work without it, too, and closes it while it is in use. */
#include "check.h"

#include <dlfcn.h>

int main(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    REQUIRE(library != NULL);
    CUresult (*init)(unsigned int);
    *(void **)&init = dlsym(library, "cuInit");
    REQUIRE(init != NULL && init(0) == CUDA_SUCCESS);
    REQUIRE(dlclose(library) == 0);
    printf("closed\n");
    return 0;
}
