/* A value of any scalar type, told as what it is: _Generic chooses, so no type needs to be parsed. */
#ifndef VALUES_H
#define VALUES_H

#include "observe.h"

#define tell(event, verb, value) \
	_Generic((value), _Bool: observe_flag_of, char: observe_int_of, signed char: observe_int_of, \
		short: observe_int_of, int: observe_int_of, long: observe_int_of, long long: observe_int_of, \
		unsigned char: observe_unsigned_of, unsigned short: observe_unsigned_of, unsigned: observe_unsigned_of, \
		unsigned long: observe_unsigned_of, unsigned long long: observe_unsigned_of, float: observe_real_of, \
		double: observe_real_of, long double: observe_real_of, char *: observe_text_of, \
		const char *: observe_text_of, default: observe_address_of)(event, verb, value)

#endif
