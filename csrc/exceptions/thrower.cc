/* Claim: whether an exception leaves its namespace is the unwinder's matter, and whether it has its type there is libstdc++'s. */
#include <stdexcept>

struct of_its_own {
	int value;
};

static void (*const throwers[])() = {
	[] { throw std::runtime_error("thrown by the plugin"); },
	[] { throw 42; },
	[] { throw of_its_own{42}; },
};

extern "C" void throw_one(int which)
{
	throwers[which]();
}

// Caught where it was thrown: 1, or 0 where it was not.
extern "C" int throw_and_catch(int which)
{
	try {
		throwers[which]();
	} catch (const std::runtime_error &) {
		return which == 0;
	} catch (int) {
		return which == 1;
	} catch (const of_its_own &) {
		return which == 2;
	}
	return 0;
}
