/* Claim: dl_iterate_phdr(3) shows the objects of the namespace that its caller lies in. */
#define _GNU_SOURCE
#include "phdrs.h"

void walk(void);

void walk(void)
{
	observe_phdrs("inside");
}
