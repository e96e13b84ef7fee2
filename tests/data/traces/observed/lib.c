/* A library with a counter of its own, and ways to end. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct block {
	struct block *next;
	char rest[92];
};

static int counter = 41;
void *kept;

static void inner(int *where)
{
	counter++;
	*where = counter;
}

int *place(void)
{
	return &counter;
}

void hello(void)
{
	counter++;
}

void boom(void)
{
	inner((int *)8);
}

void spin(void)
{
	for (;;)
		pause();
}

void leak(void)
{
	struct block *block = calloc(1, sizeof *block);

	block->next = malloc(50);
	kept = malloc(30);
}

void beyond(void)
{
	volatile char *bytes = malloc(40);

	bytes[40] = 1;
	free((void *)bytes);
}

void terminate(void)
{
	raise(SIGTERM);
}

void child(void)
{
	system("exit 0");
}

void nine(void)
{
	if (write(9, "event\n", 6) != 6)
		exit(5);
}
