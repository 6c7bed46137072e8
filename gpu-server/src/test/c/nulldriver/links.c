/* SPDX-License-Identifier: Apache-2.0
 *
 * Links, which put PTX texts one behind the other.
 */
#include "null.h"

#include <stdlib.h>
#include <string.h>

struct null_link {
    char *text;
    size_t bytes;
};

EXPORT CUresult cuLinkCreate_v2(unsigned int count, const int *options, void **values, struct null_link **link);
EXPORT CUresult cuLinkCreate_v2(unsigned int count, const int *options, void **values, struct null_link **link)
{
    NULL_CALL(cuLinkCreate_v2)
    (void)count;
    (void)options;
    (void)values;
    *link = calloc(1, sizeof(**link));
    return *link == NULL ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

EXPORT CUresult cuLinkAddData_v2(struct null_link *link, int type, const void *data, size_t bytes, const char *name,
                                 unsigned int count, const int *options, void **values);
EXPORT CUresult cuLinkAddData_v2(struct null_link *link, int type, const void *data, size_t bytes, const char *name,
                                 unsigned int count, const int *options, void **values)
{
    NULL_CALL(cuLinkAddData_v2)
    (void)name;
    (void)count;
    (void)options;
    (void)values;
    const char *text = data;
    if (type != 1 || bytes == 0 || text[bytes - 1] != '\0') {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    char *longer = realloc(link->text, link->bytes + bytes);
    if (longer == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(longer + link->bytes, text, bytes);
    link->text = longer;
    link->bytes += bytes - 1;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuLinkComplete(struct null_link *link, void **image, size_t *bytes);
EXPORT CUresult cuLinkComplete(struct null_link *link, void **image, size_t *bytes)
{
    NULL_CALL(cuLinkComplete)
    if (link->text == NULL) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    *image = link->text;
    *bytes = link->bytes + 1;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuLinkDestroy(struct null_link *link);
EXPORT CUresult cuLinkDestroy(struct null_link *link)
{
    NULL_CALL(cuLinkDestroy)
    free(link->text);
    free(link);
    return CUDA_SUCCESS;
}
