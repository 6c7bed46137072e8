/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading an image: the server is told its hash; only if it doesn't hold the image is the image
 * sent, and the server asked again.
 */
#ifndef REMORA_IMAGE_LOAD_H
#define REMORA_IMAGE_LOAD_H

#include "client.h"
#include "image.h"

/* Encodes the loading call's arguments; `request` is the caller's own. */
typedef void remora_load_encoder(struct remora_writer *out, const struct remora_image *image,
                                 const void *request);

/*
 * Makes the loading call, whose number is in `call`. After success the caller decodes the outputs
 * and ends the call by remora_call_end.
 */
CUresult remora_load_image(struct remora_call *call, uint64_t context,
                           const struct remora_image *image, remora_load_encoder *encode,
                           const void *request);

#endif
