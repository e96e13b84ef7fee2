/* A value of any scalar type, told as what it is, in C++: overloads choose, as _Generic does in C. */
#ifndef OVERLOADS_H
#define OVERLOADS_H

#include "observe.h"

OBSERVE void tell(const char *event, const char *verb, bool value) { observe_flag_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, char value) { observe_int_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, int value) { observe_int_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, long value) { observe_int_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, long long value) { observe_int_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, unsigned value) { observe_unsigned_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, unsigned long value) { observe_unsigned_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, unsigned long long value) { observe_unsigned_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, double value) { observe_real_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, long double value) { observe_real_of(event, verb, (double)value); }
OBSERVE void tell(const char *event, const char *verb, char *value) { observe_text_of(event, verb, value); }
OBSERVE void tell(const char *event, const char *verb, const char *value) { observe_text_of(event, verb, value); }

/* Any other pointer, to a function as well. */
template <typename Pointed> OBSERVE void tell(const char *event, const char *verb, Pointed *value)
{
	observe_address_of(event, verb, (const volatile void *)value);
}

#endif
