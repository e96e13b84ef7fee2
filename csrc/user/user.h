/* user: the plugin's interface, found by name with dlsym(3). */
#ifndef USER_H
#define USER_H

extern int global_value;

int version(void);

/* Who this copy is and which base it sees, allocated here: hand it back to release_name. */
char *fullname(void);
void release_name(char *name);

#endif
