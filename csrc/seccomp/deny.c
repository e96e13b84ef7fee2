/* Claim: seccomp-bpf can tell two copies of a libc apart, by the address of the instruction that enters the kernel. */
#define _GNU_SOURCE
#include "deny.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>

#define FIELD(name) ((unsigned)offsetof(struct seccomp_data, name))
#define HIGH (FIELD(instruction_pointer) + 4) /* little endian */

/* The mapping that holds this address; 0 where there is none. */
static int find_mapping(uintptr_t address, uint64_t *begin, uint64_t *end)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	int found = 0;

	while (maps && !found && fgets(line, sizeof line, maps))
		found = sscanf(line, "%" SCNx64 "-%" SCNx64, begin, end) == 2 && *begin <= address && address < *end;
	if (maps)
		fclose(maps);
	return found;
}

/* From now on this system call fails with EPERM where its instruction lies in the mapping of this code.
 * Returns 0, or -1 and errno; ERANGE where the mapping crosses a border of 4 GiB, at which the filter compares. */
int deny(const void *code, int number)
{
	uint64_t begin, end;

	if (!find_mapping((uintptr_t)code, &begin, &end))
		return errno = ENOENT, -1;
	if (begin >> 32 != (end - 1) >> 32)
		return errno = ERANGE, -1;
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, HIGH),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(begin >> 32), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(instruction_pointer)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)begin, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)(end - 1), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof rules / sizeof *rules, rules};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
