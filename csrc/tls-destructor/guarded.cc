/* Claim: a C++ thread_local with a destructor keeps its object loaded as one registered in C does. */
#include "observe.h"

namespace {

struct Guard {
	pid_t owner = 0;
	~Guard() { observe_text("destroyed", owner == gettid() ? "by its own thread" : "by another thread"); }
};

thread_local Guard guard;

} // namespace

extern "C" void touch() { guard.owner = gettid(); }
