/* base: a library with one version and one global, the bottom of every dependency chain. */
#ifndef BASE_H
#define BASE_H

extern int base_global_value;

int base_version(void);

#endif
