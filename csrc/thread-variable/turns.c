/* Claim: every thread counts in a __thread variable of its own.
 *
 * Three threads count by turns, so that a variable they share shows in what each saw. -DCOUNTER is its type;
 * with -DLOCAL they count in the loop's own variable, as the source's program does: its loop declares an `int a` again. */
#include <pthread.h>
#include <stdio.h>

#ifndef COUNTER
#define COUNTER __thread int
#endif

enum { THREADS = 3, ROUNDS = 3 };

extern COUNTER a;
COUNTER a = 0;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next = PTHREAD_COND_INITIALIZER;
static int turn;
static int saw[THREADS][ROUNDS];

static void note(int thread, int round, int value)
{
	pthread_mutex_lock(&mutex);
	while (turn % THREADS != thread)
		pthread_cond_wait(&next, &mutex);
#ifdef LOCAL
	saw[thread][round] = value;
#else
	(void)value;
	saw[thread][round] = a++;
#endif
	turn++;
	pthread_cond_broadcast(&next);
	pthread_mutex_unlock(&mutex);
}

static void *count(void *thread)
{
	for (int round = 0; round < ROUNDS; round++)
		note(*(int *)thread, round, round);
	return NULL;
}

int main(void)
{
	static int numbers[THREADS] = {0, 1, 2};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, count, &numbers[i]))
			return 77;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		printf("%d %d %d\n", saw[i][0], saw[i][1], saw[i][2]);
	return 0;
}
