/* SPDX-License-Identifier: Apache-2.0 */
/* What others must know of links. */
#ifndef REMORA_LINK_CALLS_H
#define REMORA_LINK_CALLS_H

/* In a fork's child: see remora_forget_session. */
void remora_forget_links(void);

#endif
