/* Claim: a plugin that registered a thread-local destructor answers as the old file did, opened again or not. */
struct Guard {
	int called = 0;
	~Guard() { called = -1; }
};

static thread_local Guard guard;

extern "C" int answer()
{
	guard.called++;
	return VERSION;
}

extern "C" int calls()
{
	return guard.called;
}
