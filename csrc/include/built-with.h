/* Whether the libc that runs an object is of the release with which it was built. */
#ifndef BUILT_WITH_H
#define BUILT_WITH_H

#include <gnu/libc-version.h>
#include <string.h>

#include "observe.h"

#define TEXT(number) #number
#define RELEASE(major, minor) TEXT(major) "." TEXT(minor)

static void observe_same_libc(void)
{
	observe_int("same-libc", !strcmp(gnu_get_libc_version(), RELEASE(__GLIBC__, __GLIBC_MINOR__)));
}

#endif
