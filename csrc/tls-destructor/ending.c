/* Claim: a thread-local destructor runs on its own thread, when that thread ends, and crashes on another.
 *
 * The arguments say what main does about the worker, which waits for its cancellation once it has registered. */
#include "observe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct data {
	pthread_t owner;
};

extern void *__dso_handle __attribute__((visibility("hidden")));
int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso_handle);

static __thread struct data *data;
static pthread_barrier_t registered;
static pthread_t worker;
static int returns;
static int registers = 1;

static void destroy(void *unused)
{
	(void)unused;
	observe_address("data", data);
	observe_text("destroyed", pthread_equal(data->owner, pthread_self()) ? "by its own thread" : "by another thread");
	free(data);
	data = NULL;
}

static void *work(void *unused)
{
	data = malloc(sizeof *data);
	data->owner = pthread_self();
	if (registers)
		__cxa_thread_atexit_impl(destroy, NULL, &__dso_handle);
	observe_int("registered", registers);
	pthread_barrier_wait(&registered);
	while (!returns)
		pause();
	return unused;
}

static void act(const char *action)
{
	if (strcmp(action, "join") == 0)
		pthread_join(worker, NULL);
	if (strcmp(action, "call") == 0)
		destroy(NULL);
	if (strcmp(action, "cancel") == 0)
		pthread_cancel(worker);
	observe(action);
	if (strcmp(action, "exit-thread") == 0)
		pthread_exit(NULL);
}

/* The first argument says whether the worker waits, returns, or returns and registers nothing; then come actions, then
 * main returns. */
int main(int argc, char **argv)
{
	if (argc < 2)
		return 77;
	returns = strcmp(argv[1], "waits") != 0;
	registers = strcmp(argv[1], "registers-nothing") != 0;
	pthread_barrier_init(&registered, NULL, 2);
	if (pthread_create(&worker, NULL, work, NULL))
		return 77;
	pthread_barrier_wait(&registered);
	for (int i = 2; i < argc; i++)
		act(argv[i]);
	observe("main-returns");
	return 0;
}
