/* Claim: a library that defines __cxa_thread_atexit_impl itself (-DOWN) still registers with the C library's.
 *
 * The destructor marks an integer of the application's, since nothing in here may be left when it runs. */
extern void *__dso_handle __attribute__((visibility("hidden")));
extern int own_calls;

int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso);
void use(int *destructed);

#ifdef OWN
int own_calls;

int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso)
{
	(void)destructor, (void)object, (void)dso;
	own_calls++;
	return 0;
}
#endif

static void destruct(void *destructed)
{
	*(int *)destructed = 1;
}

/* What a thread_local with a destructor does when a thread first touches it. */
void use(int *destructed)
{
	__cxa_thread_atexit_impl(destruct, destructed, &__dso_handle);
}
