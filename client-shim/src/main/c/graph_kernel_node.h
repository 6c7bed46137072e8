/* SPDX-License-Identifier: Apache-2.0 */
/* What the client keeps of graphs. */
#ifndef REMORA_GRAPH_KERNEL_NODE_H
#define REMORA_GRAPH_KERNEL_NODE_H

/* In a fork's child: see remora_forget_session. */
void remora_forget_graphs(void);

#endif
