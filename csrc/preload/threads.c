/* Claim: a library that a preloaded shim opens can make a thread in its constructor, which uses a thread-local variable. */
#include "observe.h"

#include <pthread.h>
#include <stddef.h>

#ifndef THREADS
#define THREADS 1
#endif

static __thread int counter = 5;

static void *count(void *unused)
{
	observe_int("thread", ++counter);
	return unused;
}

static __attribute__((constructor)) void make_a_thread(void)
{
	pthread_t thread;

	observe_int("constructor", THREADS);
	if (THREADS && !pthread_create(&thread, NULL, count, NULL))
		pthread_join(thread, NULL);
}
