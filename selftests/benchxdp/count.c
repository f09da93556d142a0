// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs cost a packet, by test runs. On a machine whose clock counts
 * instructions, that is their number.
 *
 * Writes a line for each value: QUANTITY, SUBJECT, RUN, VALUE, tabs between.
 * "duration" contains the test run's own share: subtract that of "empty".
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "subject.h"

static unsigned int runs = 30, repeat = 1000;
static const char *gateway;

static void count(struct subject *subject, unsigned int run)
{
	int prog = subject->one_by_one >= 0 ? subject->one_by_one :
					      subject->under_load;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .repeat = repeat,
		    .data_in = subject->frame.data,
		    .data_size_in = subject->frame.len);

	if (bpf_prog_test_run_opts(prog, &opts))
		err(1, "%s: no test run", subject->name);
	printf("duration\t%s\t%u\t%u\n", subject->name, run, opts.duration);
}

static void describe(const struct subject *subject)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int prog = subject->one_by_one >= 0 ? subject->one_by_one :
					      subject->under_load;

	if (bpf_prog_get_info_by_fd(prog, &info, &len))
		err(1, "%s: no description", subject->name);
	printf("BPF instructions\t%s\t0\t%zu\n", subject->name,
	       info.xlated_prog_len / sizeof(struct bpf_insn));
	printf("machine code\t%s\t0\t%u\n", subject->name, info.jited_prog_len);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "runs", required_argument, NULL, 'n' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "gateway", required_argument, NULL, 'g' },
		{}
	};
	struct subject *subjects;
	unsigned int run;
	int option, i, n;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			runs = atoi(optarg);
			break;
		case 'r':
			repeat = atoi(optarg);
			break;
		case 'g':
			gateway = optarg;
			break;
		default:
			return 2;
		}
	}
	/* What is known when a machine dies is known. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	n = argc - optind;
	subjects = calloc(n, sizeof(*subjects));
	if (!subjects)
		err(1, "no memory");
	for (i = 0; i < n; i++) {
		subject_read(&subjects[i], argv[optind + i], gateway);
		describe(&subjects[i]);
	}
	for (run = 0; run < runs; run++)
		for (i = 0; i < n; i++)
			count(&subjects[i], run);
	free(subjects);
	return 0;
}
