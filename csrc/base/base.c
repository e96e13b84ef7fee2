/* Claim: which copy of this file a caller reached shows in its version (fixed) and its global (mutable). */
#include "base.h"

int base_global_value = VERSION;

int base_version(void)
{
	return VERSION;
}
