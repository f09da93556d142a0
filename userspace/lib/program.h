/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gateway program: from an object file into the kernel. */
#ifndef EQUIC_LIB_PROGRAM_H
#define EQUIC_LIB_PROGRAM_H

#include <pthread.h>
#include <stdbool.h>
#include <bpf/libbpf.h>

struct equic;

/*
 * libbpf prints to standard error through one function of the process. Between
 * these two what it prints for this thread is kept instead; what it prints for
 * another goes where it went. The last lines are in @text.
 */
struct program_quiet {
	libbpf_print_fn_t before;
	char text[2048];
};

void program_quiet(struct program_quiet *quiet);
void program_loud(struct program_quiet *quiet);

/* Is the object there, and is it one with a gateway program? Lock held. */
int program_check(struct equic *eq, const char *path);

/*
 * Load it. @path NULL: $EQUIC_BPF_PATH, else the one built in. A descriptor, or
 * −errno with words. Lock held.
 */
int program_load(struct equic *eq, const char *path);

#endif /* EQUIC_LIB_PROGRAM_H */
