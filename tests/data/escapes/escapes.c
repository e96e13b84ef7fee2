/* Tries the ways out of a sandbox, each in a child of its own, and says of each whether it got through.
 *
 *     escapes OUTSIDE PID PORT NAME
 *
 * OUTSIDE is a directory that only the machine has, with a file `secret` in it; PID a process outside; PORT a TCP port
 * of 127.0.0.1 that somebody listens at, and NAME an abstract socket. Writes `THROUGH way` or `shut way (errno)`. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *outside, *name;
static int pid, port;

/* Each gives 1 where it got through; 0, with errno, where it did not. */

static int reads(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

static int writes(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1;
}

static int opens_to_write(const char *path) { return open(path, O_WRONLY | O_CLOEXEC) >= 0; }

static int below(int (*try)(const char *), const char *above, const char *file)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", above, file);
	return try(path);
}

static int of_process(int (*try)(const char *), const char *file)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	return try(path);
}

static int reads_secret(void) { return below(reads, outside, "secret"); }
static int writes_outside(void) { return below(writes, outside, "written"); }
static int reads_home(void) { return access("/root/.bashrc", R_OK) == 0 || access("/root/.profile", R_OK) == 0 || access("/home", X_OK) == 0; }
static int reads_shadow(void) { return reads("/etc/shadow"); }
static int writes_etc(void) { return writes("/etc/escaped"); }
static int writes_usr(void) { return writes("/usr/lib/escaped"); }
static int writes_itself(void) { return opens_to_write("/proc/self/exe"); }
static int writes_above(void) { return writes("../escaped") || writes("../cmd.sh") || writes("../../../run.json"); }
static int reads_run(void) { return reads("../../../run.json") || reads("../../../environment.json"); }
static int leaves_by_link(void) { return symlink("/root", "home") == 0 && (access("home/.bashrc", F_OK) == 0 || access("home/.profile", F_OK) == 0); }

static int writes_store(void)
{
	char path[PATH_MAX] = "", *slash;
	if (readlink("/proc/self/exe", path, sizeof path - 1) < 0 || !(slash = strrchr(path, '/')))
		return 0;
	*slash = 0;
	if (chmod(path, 0777) == 0 || below(writes, path, "escaped"))
		return 1;
	*slash = '/';
	return unlink(path) == 0 || chmod(path, 0777) == 0;
}

static int connects(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to) == 0;
}

static int sends_away(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	return sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
}

static int abstract(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	strncpy(to.sun_path + 1, name, sizeof to.sun_path - 2);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&to, size) == 0;
}

static int unix_socket(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket"};
	return access("/run/.", X_OK) == 0 || connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof to) == 0;
}

static int vsock(void) { return socket(40, SOCK_STREAM, 0) >= 0; }
static int packets(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0; }
static int signals(void) { return kill(pid, 0) == 0; }
static int signals_parents(void) { return getppid() > 2 && kill(getppid(), SIGCONT) != 0 ? 0 : kill(1, SIGKILL) == 0 && kill(1, 0) != 0; }
static int sees(void) { return of_process(reads, "cmdline"); }
static int reads_parent(void) { return reads("/proc/1/mem") || reads("/proc/1/environ") || access("/proc/1/fd/0", F_OK) == 0; }
static int environment(void) { return of_process(reads, "environ"); }
static int root_of_process(void) { return of_process(reads, "root/etc/hostname") || reads("/proc/1/root/root/.bashrc"); }
static int traces(void) { return ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0 || ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0; }

static int reads_memory(void)
{
	char into[8];
	struct iovec mine = {into, 8}, theirs = {(void *)0x400000, 8};
	return process_vm_readv(1, &mine, 1, &theirs, 1, 0) > 0 || process_vm_readv(pid, &mine, 1, &theirs, 1, 0) > 0 ||
	       (errno != EPERM && errno != ESRCH && errno != ENOSYS);
}

static int takes_descriptor(void)
{
	int process = (int)syscall(SYS_pidfd_open, 1, 0);
	return process >= 0 && syscall(438, process, 0, 0) >= 0;
}

static int disk(void)
{
	return mknod("disk", S_IFBLK | 0600, makedev(254, 0)) == 0 || mknod("memory", S_IFCHR | 0600, makedev(1, 1)) == 0 ||
	       reads("/dev/vda") || reads("/dev/sda") || reads("/dev/mem") || reads("/dev/kmsg") || access("/dev/kvm", F_OK) == 0;
}

static int kernel_files(void)
{
	return opens_to_write("/proc/sys/kernel/core_pattern") || opens_to_write("/proc/sysrq-trigger") ||
	       reads("/proc/kcore") || reads("/proc/kmsg") || opens_to_write("/sys/kernel/uevent_helper");
}

static int mounts(void) { return mount("x", ".", "tmpfs", 0, NULL) == 0 || mount("/", ".", NULL, MS_BIND, NULL) == 0; }
static int remounts(void) { return mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 || umount2("/proc", MNT_DETACH) == 0; }
static int mounts_anew(void) { return syscall(430, "tmpfs", 0) >= 0 || syscall(428, AT_FDCWD, "/", 1) >= 0; }
static int user_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static int other_namespaces(void) { return unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWNET) == 0; }

static int clones_namespace(void)
{
	long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	return child > 0;
}

static int clones_anew(void)
{
	unsigned long long words[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
	long child = syscall(435, words, sizeof words);
	if (child == 0)
		_exit(0);
	return child > 0 || errno != ENOSYS;
}

static int enters(void) { return setns(open("/proc/1/ns/net", O_RDONLY), 0) == 0; }
static int changes_root(void) { return chroot(".") == 0; }
static int keyring(void) { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) >= 0; }
static int adds_key(void) { return syscall(SYS_add_key, "user", "escape", "x", 1, KEY_SPEC_USER_KEYRING) >= 0; }
static int requests_key(void) { return syscall(SYS_request_key, "user", "escape", NULL, KEY_SPEC_USER_KEYRING) >= 0; }

static int terminal(void)
{
	for (int fd = 0; fd < 16; fd++)
		if (ioctl(fd, TIOCSTI, "x") == 0 || errno == EIO)
			return 1;
	return open("/dev/tty", O_RDWR) >= 0 || ioctl(0, TIOCSTI, "x") == 0 || errno != EPERM;
}

static int console(void) { return ioctl(0, 0x541C, "\3") == 0 || errno != EPERM || access("/dev/tty0", F_OK) == 0; }

static int descriptors(void)
{
	struct stat about;
	for (int fd = 3; fd < 4096; fd++)
		if (fd != 9 && fstat(fd, &about) == 0)
			return 1;
	errno = EBADF;
	return 0;
}

static int supervisor(void)
{
	struct stat about;
	for (int fd = 0; fd < 4096; fd++)
		if (fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode))
			return 1;
	return 0;
}

static int shared_memory(void) { return shmget(0x45534341, 1, 0) >= 0 || msgget(0x45534341, 0) >= 0; }
static int bpf(void) { return syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM; }
static int perf(void) { return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0 || errno != EPERM; }
static int rings(void) { return syscall(425, 1, NULL) >= 0 || errno != EPERM; }
static int faults(void) { return syscall(SYS_userfaultfd, 0) >= 0 || errno != EPERM; }
static int by_handle(void) { return syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0) >= 0 || errno != EPERM; }
static int modules(void) { return syscall(SYS_init_module, NULL, 0, "") == 0 || errno != EPERM; }
static int clock_of_machine(void)
{
	struct timespec now;
	return clock_gettime(CLOCK_REALTIME, &now) == 0 && clock_settime(CLOCK_REALTIME, &now) == 0;
}

static int name_of_machine(void)
{
	char text[256] = "";
	return gethostname(text, sizeof text - 1) == 0 && sethostname(text, strlen(text)) == 0;
}

static int priority(void) { return setpriority(PRIO_PROCESS, 0, -20) == 0 && geteuid() != 0; }

static int capabilities(void)
{
	return setuid(12345) == 0 && setuid(0) == 0;
}

#define WAY(function) {#function, function}
static const struct way {
	const char *name;
	int (*try)(void);
} ways[] = {
	WAY(reads_secret), WAY(writes_outside), WAY(reads_home), WAY(reads_shadow), WAY(writes_etc), WAY(writes_usr),
	WAY(writes_itself), WAY(writes_above), WAY(reads_run), WAY(leaves_by_link), WAY(writes_store), WAY(connects),
	WAY(sends_away), WAY(abstract), WAY(unix_socket), WAY(vsock), WAY(packets), WAY(signals), WAY(signals_parents),
	WAY(sees), WAY(reads_parent), WAY(environment), WAY(root_of_process), WAY(traces), WAY(reads_memory),
	WAY(takes_descriptor), WAY(disk), WAY(kernel_files), WAY(mounts), WAY(remounts), WAY(mounts_anew),
	WAY(user_namespace), WAY(other_namespaces), WAY(clones_namespace), WAY(clones_anew), WAY(enters), WAY(changes_root),
	WAY(keyring), WAY(adds_key), WAY(requests_key), WAY(terminal), WAY(console), WAY(descriptors), WAY(supervisor),
	WAY(shared_memory), WAY(bpf), WAY(perf), WAY(rings), WAY(faults), WAY(by_handle), WAY(modules),
	WAY(clock_of_machine), WAY(name_of_machine), WAY(priority), WAY(capabilities),
};

int main(int argc, char **argv)
{
	int through = 0;
	if (argc < 5)
		return 64;
	outside = argv[1];
	pid = atoi(argv[2]);
	port = atoi(argv[3]);
	name = argv[4];
	for (size_t at = 0; at < sizeof ways / sizeof *ways; at++) {
		int status = 0;
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			alarm(5);
			errno = 0;
			int got = ways[at].try();
			printf("%s %s (%s)\n", got ? "THROUGH" : "shut", ways[at].name, strerror(errno));
			fflush(stdout);
			_exit(got);
		}
		waitpid(child, &status, 0);
		if (WIFSIGNALED(status))
			printf("shut %s (%s)\n", ways[at].name, strsignal(WTERMSIG(status)));
		else
			through += WEXITSTATUS(status);
	}
	return through > 100 ? 100 : through;
}
