/* SPDX-License-Identifier: Apache-2.0 */
/* The handler of the signal by which a program's touch of managed memory is noticed. */
#ifndef REMORA_MANAGED_FAULT_H
#define REMORA_MANAGED_FAULT_H

#include <stdbool.h>

/*
 * Puts the handler in front of the program's own, which gets every fault that isn't one of managed
 * memory; also again, if the program has set another since. False if the system refuses.
 */
bool remora_managed_watch_faults(void);

#endif
