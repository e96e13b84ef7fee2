/* Time as it passes, whoever sets the machine's clock and however busy it is: seconds of CLOCK_MONOTONIC. */
#ifndef CLOCK_H
#define CLOCK_H

#include <errno.h>
#include <time.h>

#include "observe.h"

#define NANOSECONDS 1000000000L

OBSERVE double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NANOSECONDS;
}

/* Until so many seconds have passed, whatever signals are caught meanwhile. */
OBSERVE void sleep_for(double seconds)
{
	struct timespec end;
	long nanoseconds;

	clock_gettime(CLOCK_MONOTONIC, &end);
	nanoseconds = end.tv_nsec + (long)((seconds - (double)(time_t)seconds) * NANOSECONDS);
	end.tv_sec += (time_t)seconds + nanoseconds / NANOSECONDS;
	end.tv_nsec = nanoseconds % NANOSECONDS;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}

#endif
