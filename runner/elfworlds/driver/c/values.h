/* A value of any scalar type, told as what it is: _Generic chooses, so no type needs to be parsed. */
#ifndef VALUES_H
#define VALUES_H

#include "observe.h"

#define VALUE_OF(name, type, field) \
	OBSERVE void name(const char *event, const char *verb, type value) \
	{ \
		struct observe_line line = observe_begin(event, verb); \
		observe_flag_field(&line, "ok", 1); \
		field(&line, "value", value); \
		observe_end(&line); \
	}

VALUE_OF(tell_int, long long, observe_int_field)
VALUE_OF(tell_unsigned, unsigned long long, observe_unsigned_field)
VALUE_OF(tell_real, double, observe_real_field)
VALUE_OF(tell_flag, int, observe_flag_field)
VALUE_OF(tell_text, const char *, observe_field)
VALUE_OF(tell_address, const volatile void *, observe_address_field)

#define tell(event, verb, value) \
	_Generic((value), _Bool: tell_flag, char: tell_int, signed char: tell_int, short: tell_int, int: tell_int, \
		long: tell_int, long long: tell_int, unsigned char: tell_unsigned, unsigned short: tell_unsigned, \
		unsigned: tell_unsigned, unsigned long: tell_unsigned, unsigned long long: tell_unsigned, \
		float: tell_real, double: tell_real, char *: tell_text, const char *: tell_text, \
		default: tell_address)(event, verb, value)

#endif
