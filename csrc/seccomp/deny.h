/* Claim: seccomp-bpf can tell two copies of a libc apart, by the address of the instruction that enters the kernel. */
#ifndef DENY_H
#define DENY_H

int deny(const void *code, int number);

#endif
