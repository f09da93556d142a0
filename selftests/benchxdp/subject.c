// SPDX-License-Identifier: GPL-2.0-only
/* See subject.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "shape.h"
#include "subject.h"

enum {
	HEADERS		= 42,	/* Ethernet, IPv4, UDP */
	FOREIGN_PORT	= 53,
	CLIENT		= 1,
	INITIAL_MIN	= 1200,	/* RFC 9000, section 14.1 */
	/* Of an Initial without a token, up to its Length field's end. */
	DCID_LEN	= 18,
	SCID_LEN	= 17,
	INITIAL_HEADER	= 1 + 4 + 1 + DCID_LEN + 1 + SCID_LEN + 2 + 2,
};

/*
 * Without its flag for packets in several buffers, of which there are none
 * here: in generic mode Linux 6.12 copies small packets for programs that have
 * it, forgets mac_len, and no TC program can send the copy back.
 */
static int gateway_program(const char *path)
{
	static int fd = -1;
	struct bpf_program *program;
	struct bpf_object *object;

	if (fd >= 0)
		return fd;
	object = bpf_object__open_file(path, NULL);
	if (!object)
		err(1, "cannot open %s", path);
	program = bpf_object__find_program_by_name(object, "equic_gateway");
	if (!program)
		errx(1, "%s has no program equic_gateway", path);
	/* Its section's name would set the flag again: another type forgets it. */
	bpf_program__set_type(program, BPF_PROG_TYPE_UNSPEC);
	bpf_program__set_type(program, BPF_PROG_TYPE_XDP);
	bpf_program__set_expected_attach_type(program, BPF_XDP);
	bpf_program__set_flags(program, bpf_program__flags(program) &
					~BPF_F_XDP_HAS_FRAGS);
	if (bpf_object__load(object))
		err(1, "cannot load %s", path);
	fd = bpf_program__fd(program);
	return fd;
}

static void build_foreign(struct subject *subject, unsigned int bytes)
{
	struct frame frame = {
		.dport = FOREIGN_PORT,
		.quic = { SHORT(.payload = bytes - HEADERS - 1) },
	};

	frame_build(&frame, &subject->frame);
}

static void build_established(struct subject *subject, unsigned int bytes)
{
	struct frame frame = {
		.client = CLIENT,
		.quic = { SHORT(.payload = bytes - HEADERS - 1) },
	};

	frame_build(&frame, &subject->frame);
}

static void build_refused(struct subject *subject, unsigned int bytes)
{
	struct frame frame = {
		.client = CLIENT,
		.quic = { INITIAL(.version = V1, .dcid_len = DCID_LEN,
				  .scid_len = SCID_LEN,
				  .payload = bytes - HEADERS -
					     INITIAL_HEADER) },
	};

	if (bytes < HEADERS + INITIAL_MIN)
		errx(1, "%s: that is no Initial", subject->name);
	frame_build(&frame, &subject->frame);
}

static void read_equic(struct subject *subject, const char *what,
		       unsigned int bytes, const char *gateway)
{
	subject->equic = true;
	subject->under_load = gateway_program(gateway);
	subject->one_by_one = subject->under_load;
	if (!strcmp(what, "foreign")) {
		build_foreign(subject, bytes);
	} else if (!strcmp(what, "established")) {
		build_established(subject, bytes);
	} else if (!strcmp(what, "refused")) {
		build_refused(subject, bytes);
		subject->one_by_one = -1;
	} else {
		errx(1, "equic has no '%s'", what);
	}
}

static void read_generated(struct subject *subject, const char *axis,
			   unsigned int units, unsigned int bytes, bool pass)
{
	subject->one_by_one = shape_load(axis, units, SHAPE_PASS);
	subject->under_load = pass ? subject->one_by_one :
				     shape_load(axis, units, SHAPE_DROP);
	if (!strcmp(axis, "redirects"))
		subject->hops = units;
	build_foreign(subject, bytes);
}

/* What a program does with the frame, without the redirections on its way. */
static void expect(const struct subject *subject, int prog, __u32 action)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .repeat = 1,
		    .data_in = subject->frame.data,
		    .data_size_in = subject->frame.len);

	if (bpf_prog_test_run_opts(prog, &opts))
		err(1, "%s: no test run", subject->name);
	if (opts.retval != action)
		errx(1, "%s: action %u, not %u", subject->name, opts.retval,
		     action);
}

void subject_read(struct subject *subject, const char *name,
		  const char *gateway)
{
	char first[32], second[32], third[8] = "";
	unsigned int bytes, units;
	bool pass;

	memset(subject, 0, sizeof(*subject));
	subject->name = name;
	if (sscanf(name, "%31[^:]:%31[^:]:%u:%7s", first, second, &bytes,
		   third) < 3 || bytes < 60 || bytes > 1514)
		errx(1, "not a subject: '%s'", name);
	pass = !strcmp(third, "pass");
	if (!strcmp(first, "equic"))
		read_equic(subject, second, bytes, gateway);
	else if (sscanf(second, "%u", &units) == 1)
		read_generated(subject, first, units, bytes, pass);
	else
		errx(1, "not a number of units: '%s'", name);
	if (subject->one_by_one >= 0)
		expect(subject, subject->one_by_one, XDP_PASS);
	if (subject->one_by_one != subject->under_load)
		expect(subject, subject->under_load, XDP_DROP);
}
