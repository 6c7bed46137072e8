/* SPDX-License-Identifier: Apache-2.0 */
#include "image_load.h"

/* The server may have dropped the image between upload and use, but not again and again. */
#define ATTEMPTS 3

static void encode_part(struct remora_writer *out, const struct remora_chunk *chunk,
                        const void *request)
{
    const struct remora_image *image = request;
    if (chunk->data == NULL) {
        remora_encode_remoraUploadImage_tail(out, image->sha256, sizeof(image->sha256),
                                             image->length, chunk->offset, chunk->length);
    } else {
        remora_encode_remoraUploadImage(out, image->sha256, sizeof(image->sha256), image->length,
                                        chunk->offset, chunk->data, chunk->length);
    }
}

CUresult remora_load_image(struct remora_call *call, uint64_t context,
                           const struct remora_image *image, remora_load_encoder *encode,
                           const void *request)
{
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
        CUresult result = remora_call_begin_in(call, context);
        if (result != CUDA_SUCCESS) {
            return result;
        }
        encode(call->arguments, image, request);
        result = remora_call_sync(call);
        if (result != REMORA_IMAGE_NEEDED) {
            return result;
        }
        result = remora_upload(REMORA_CALL_REMORA_UPLOAD_IMAGE, context,
                               remora_range(image->bytes, image->length), encode_part, image);
        if (result != CUDA_SUCCESS) {
            return result;
        }
    }
    remora_say_once("image lost", "the server lost a module image again and again while it was "
                                  "loaded; its cache of images is too small");
    return CUDA_ERROR_UNKNOWN;
}
