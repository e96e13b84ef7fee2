/* state: what both sides of a namespace can change and look at, each in its own libc. */
#ifndef STATE_H
#define STATE_H

void change(const char *thing);
long look(const char *thing);

#endif
