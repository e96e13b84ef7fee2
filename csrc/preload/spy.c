/* Claim: an injected library sees the dependency that it was linked with, whatever the application's is. */
#include "observe.h"

int helper_version(void);
int interposed(void);

/* The application's helper has one of these too. */
int interposed(void)
{
	return 1;
}

static __attribute__((constructor)) void spy(void)
{
	observe_int("spy-sees", helper_version());
}
