/* Claim: a thread-local destructor runs on the thread that registered it, and keeps its object loaded until then. */
#define _GNU_SOURCE
#include "observe.h"

#include <stdlib.h>

extern void *__dso_handle;
int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso_handle);

void destroy(void *unused);
void touch(void);

static __thread pid_t *owner;

/* A thread that did not register it has nothing to destroy: there, this crashes. */
void destroy(void *unused)
{
	(void)unused;
	observe_text("destroyed", *owner == gettid() ? "by its own thread" : "by another thread");
	free(owner);
	owner = NULL;
}

void touch(void)
{
	owner = malloc(sizeof *owner);
	*owner = gettid();
	__cxa_thread_atexit_impl(destroy, NULL, &__dso_handle);
}
