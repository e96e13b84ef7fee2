// One library opened in two namespaces, closed, opened again by path, looked for in vain, and opened by a child.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *need(void *handle)
{
	if (!handle)
		_exit(1);
	return handle;
}

int main(void)
{
	void *base = need(dlopen("libuser.so", RTLD_LAZY));
	void *other = need(dlmopen(LM_ID_NEWLM, "libuser.so", RTLD_LAZY));
	int (*user)(void) = (int (*)(void))need(dlsym(other, "user"));

	user();
	dlclose(base);
	need(dlopen("/tmp/x/libuser.so", RTLD_NOW));
	if (dlopen("libnowhere.so", RTLD_NOW))
		_exit(1);
	dlclose(other);
	need(dlmopen(LM_ID_NEWLM, "/tmp/x/libuser.so", RTLD_NOW));

	pid_t child = fork();

	if (!child) {
		need(dlopen("/tmp/x/libextra.so", RTLD_NOW));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return system("/tmp/x/plain");
}
