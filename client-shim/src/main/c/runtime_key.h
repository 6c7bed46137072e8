/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key by which the CUDA runtime recognises a driver. It is the vendor's and doesn't come with
 * Remora: whoever has it names a file with it, see docs/compatibility.md.
 */
#ifndef REMORA_RUNTIME_KEY_H
#define REMORA_RUNTIME_KEY_H

#include <stdbool.h>
#include <stdint.h>

#define REMORA_RUNTIME_KEY_BYTES 16

/*
 * Reads the file that REMORA_RUNTIME_KEY_FILE names: 32 hexadecimal digits, with white space around
 * them. If that is impossible says so once, with the remedy.
 */
bool remora_runtime_key(uint8_t key[REMORA_RUNTIME_KEY_BYTES]);

#endif
