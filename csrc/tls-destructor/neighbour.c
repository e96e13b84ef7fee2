/* Claim: a thread that a namespace's own library makes runs what was registered in that namespace.
 *
 * A library that stays, so that the code of its thread is there when another one is closed. */
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

int start(void (*work)(void));
int finish(void);

static pthread_t thread;
static sem_t worked, may_end;
static void (*wanted)(void);

static void *work_and_wait(void *unused)
{
	wanted();
	sem_post(&worked);
	sem_wait(&may_end);
	return unused;
}

int start(void (*work)(void))
{
	wanted = work;
	if (sem_init(&worked, 0, 0) || sem_init(&may_end, 0, 0) || pthread_create(&thread, NULL, work_and_wait, NULL))
		return -1;
	return sem_wait(&worked);
}

int finish(void)
{
	return sem_post(&may_end) || pthread_join(thread, NULL);
}
