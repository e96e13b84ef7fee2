/* Time as it passes, whoever sets the machine's clock and however busy it is: seconds of CLOCK_MONOTONIC. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

#include "observe.h"

OBSERVE double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Until so many seconds have passed, whatever signals are caught meanwhile. */
OBSERVE void sleep_for(double seconds)
{
	const double end = seconds_now() + seconds;

	for (double left = seconds; left > 0; left = end - seconds_now()) {
		const struct timespec rest = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};

		nanosleep(&rest, NULL);
	}
}

#endif
