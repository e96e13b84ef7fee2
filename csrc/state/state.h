/* Claim: each piece of a process' state is either its libc's, and there once for each namespace, or the kernel's. */
#ifndef STATE_H
#define STATE_H

/* Change the state of this name as this copy of libc reaches it; -1 where there is none of that name. */
int change(const char *name);

/* Whether this copy of libc sees it changed; -1 where there is none of that name. */
int changed(const char *name);

#endif
