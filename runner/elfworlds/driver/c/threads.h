/* Threads, and an order between them: post lets one await go on. */
#ifndef THREADS_H
#define THREADS_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "steps.h"

OBSERVE int step_thread(const char *name, pthread_t *thread, void *(*steps)(void *))
{
	const int error = pthread_create(thread, NULL, steps, NULL);

	return error ? failed(name, "thread", strerror(error)) : done(name, "thread");
}

OBSERVE int step_join(const char *name, pthread_t thread)
{
	void *result = NULL;
	const int error = pthread_join(thread, &result);
	struct observe_line line = observe_begin(name, "join");

	if (error)
		return failed(name, "join", strerror(error));
	observe_flag_field(&line, "ok", 1);
	observe_flag_field(&line, "cancelled", result == PTHREAD_CANCELED);
	observe_end(&line);
	return 1;
}

OBSERVE int step_cancel(const char *name, pthread_t thread)
{
	const int error = pthread_cancel(thread);

	return error ? failed(name, "cancel", strerror(error)) : done(name, "cancel");
}

OBSERVE void await(sem_t *posted)
{
	while (sem_wait(posted) < 0 && errno == EINTR)
		;
}

#endif
