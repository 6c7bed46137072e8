/* SPDX-License-Identifier: Apache-2.0 */
/* What others must know of the objects of the program that graphs keep alive. */
#ifndef REMORA_USER_OBJECTS_H
#define REMORA_USER_OBJECTS_H

/* In a fork's child: see remora_forget_session. */
void remora_forget_user_objects(void);

#endif
