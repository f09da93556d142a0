// SPDX-License-Identifier: GPL-2.0-only
/*
 * See shape.h. In every program, from its beginning on:
 *
 *   r6 the context, r8 the packet, r9 its end,
 *   r7 and r5 four bytes of the payload each, which differ
 *
 * of which the verifier knows no value, so that nothing is folded away.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "insn.h"
#include "shape.h"

enum {
	ENTRIES		= 1024,	/* of the maps that programs access */
	PAYLOAD_OFF	= 42,	/* Ethernet, IPv4, UDP */
	FRAME_MIN	= 60,
	TAIL_CALLS_MAX	= 33,	/* the kernel's MAX_TAIL_CALL_CNT */
	KEY_OFF		= -4,	/* on the stack */
	VALUE_OFF	= -16,
};

static int array_map, hash_map, counter_map, clock_map;

static int map_new(enum bpf_map_type type, const char *name, int value_size,
		   int entries)
{
	int fd = bpf_map_create(type, name, sizeof(__u32), value_size, entries,
				NULL);

	if (fd < 0)
		err(1, "cannot make the map %s", name);
	return fd;
}

static void maps_new(void)
{
	__u32 key;

	if (array_map)
		return;
	array_map = map_new(BPF_MAP_TYPE_ARRAY, "array", sizeof(__u64),
			    ENTRIES);
	hash_map = map_new(BPF_MAP_TYPE_HASH, "hash", sizeof(__u64), ENTRIES);
	counter_map = map_new(BPF_MAP_TYPE_PERCPU_ARRAY, "counter",
			      sizeof(__u64), 1);
	clock_map = map_new(BPF_MAP_TYPE_ARRAY, "clock",
			    sizeof(struct shape_clock), 1);
	for (key = 0; key < ENTRIES; key++) {
		__u64 value = key;

		if (bpf_map_update_elem(hash_map, &key, &value, BPF_NOEXIST))
			err(1, "cannot fill the hash map");
	}
}

static void put_key(struct code *code, __u32 key)
{
	put_store_imm(code, BPF_W, BPF_REG_10, KEY_OFF, key);
	put_alu_reg(code, BPF_MOV, BPF_REG_2, BPF_REG_10);
	put_alu_imm(code, BPF_ADD, BPF_REG_2, KEY_OFF);
}

/* Reads the value, too: nobody looks up what he does not read. */
static void put_lookup(struct code *code, int map, __u32 key)
{
	put_key(code, key);
	put_map(code, BPF_REG_1, map);
	put_call(code, BPF_FUNC_map_lookup_elem);
	put_jump_imm(code, BPF_JEQ, BPF_REG_0, 0, 1);
	put_load(code, BPF_DW, BPF_REG_1, BPF_REG_0, 0);
}

static void put_counting(struct code *code)
{
	put_key(code, 0);
	put_map(code, BPF_REG_1, counter_map);
	put_call(code, BPF_FUNC_map_lookup_elem);
	put_jump_imm(code, BPF_JEQ, BPF_REG_0, 0, 3);
	put_load(code, BPF_DW, BPF_REG_1, BPF_REG_0, 0);
	put_alu_imm(code, BPF_ADD, BPF_REG_1, 1);
	put_store(code, BPF_DW, BPF_REG_0, 0, BPF_REG_1);
}

/* The units. @i tells one from the other where they must differ. */

static void unit_move(struct code *code, unsigned int i)
{
	put_alu_imm(code, BPF_MOV, BPF_REG_1, i);
}

static void unit_add(struct code *code, unsigned int i)
{
	put_alu_imm(code, BPF_ADD, BPF_REG_7, i | 1);
}

static void unit_multiply(struct code *code, unsigned int i)
{
	put_alu_imm(code, BPF_MUL, BPF_REG_7, i | 3);
}

static void unit_divide(struct code *code, unsigned int i)
{
	put_alu_imm(code, BPF_DIV, BPF_REG_7, i | 3);
}

/*
 * A comparison that never holds, and what it would have skipped. Not with a
 * constant: each would begin a path of its own for the verifier.
 */
static void unit_condition(struct code *code, unsigned int i)
{
	put_jump_reg(code, BPF_JEQ, BPF_REG_7, BPF_REG_5, 1);
	put_alu_imm(code, BPF_MOV, BPF_REG_1, i);
}

/* As a parser reads: bounds first. */
static void unit_packet_read(struct code *code, unsigned int i)
{
	put_alu_reg(code, BPF_MOV, BPF_REG_1, BPF_REG_8);
	put_alu_imm(code, BPF_ADD, BPF_REG_1, 1 + i % FRAME_MIN);
	put_jump_reg(code, BPF_JLE, BPF_REG_1, BPF_REG_9, 2);
	put_return(code, XDP_ABORTED);
	put_load(code, BPF_B, BPF_REG_2, BPF_REG_1, -1);
}

static void unit_array_lookup(struct code *code, unsigned int i)
{
	put_lookup(code, array_map, i % ENTRIES);
}

static void unit_hash_lookup(struct code *code, unsigned int i)
{
	put_lookup(code, hash_map, i % ENTRIES);
}

static void unit_hash_update(struct code *code, unsigned int i)
{
	put_store_imm(code, BPF_DW, BPF_REG_10, VALUE_OFF, i);
	put_key(code, i % ENTRIES);
	put_alu_reg(code, BPF_MOV, BPF_REG_3, BPF_REG_10);
	put_alu_imm(code, BPF_ADD, BPF_REG_3, VALUE_OFF);
	put_alu_imm(code, BPF_MOV, BPF_REG_4, BPF_EXIST);
	put_map(code, BPF_REG_1, hash_map);
	put_call(code, BPF_FUNC_map_update_elem);
}

static const struct {
	const char	*axis;
	void		(*put)(struct code *code, unsigned int i);
} units_of[] = {
	{ "moves",		unit_move },
	{ "conditions",		unit_condition },
	{ "additions",		unit_add },
	{ "multiplications",	unit_multiply },
	{ "divisions",		unit_divide },
	{ "packet reads",	unit_packet_read },
	{ "array lookups",	unit_array_lookup },
	{ "hash lookups",	unit_hash_lookup },
	{ "hash updates",	unit_hash_update },
};

static void put_beginning(struct code *code)
{
	put_alu_reg(code, BPF_MOV, BPF_REG_6, BPF_REG_1);
	put_load(code, BPF_W, BPF_REG_8, BPF_REG_1,
		 offsetof(struct xdp_md, data));
	put_load(code, BPF_W, BPF_REG_9, BPF_REG_1,
		 offsetof(struct xdp_md, data_end));
	put_alu_reg(code, BPF_MOV, BPF_REG_1, BPF_REG_8);
	put_alu_imm(code, BPF_ADD, BPF_REG_1, FRAME_MIN);
	put_jump_reg(code, BPF_JLE, BPF_REG_1, BPF_REG_9, 2);
	put_return(code, XDP_ABORTED);
	put_load(code, BPF_W, BPF_REG_7, BPF_REG_8, PAYLOAD_OFF);
	put_load(code, BPF_W, BPF_REG_5, BPF_REG_8,
		 PAYLOAD_OFF + sizeof(__u32));
}

static void put_end(struct code *code, enum shape_end end)
{
	if (end == SHAPE_DROP)
		put_counting(code);
	put_return(code, end == SHAPE_DROP ? XDP_DROP : XDP_PASS);
}

/* Of the same kind as the gateway: one takes the other's place. */
static int load(const struct code *code, enum bpf_prog_type type)
{
	static char log[65536];
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int fd;

	if (type == BPF_PROG_TYPE_XDP)
		opts.expected_attach_type = BPF_XDP;
	fd = bpf_prog_load(type, "generated", "GPL", code->insn, code->len,
			   &opts);
	if (fd >= 0)
		return fd;
	opts.log_buf = log;
	opts.log_size = sizeof(log);
	opts.log_level = 1;
	errno = 0;
	bpf_prog_load(type, "generated", "GPL", code->insn, code->len, &opts);
	err(1, "the kernel refuses %u instructions: %s", code->len,
	    strlen(log) > 500 ? log + strlen(log) - 500 : log);
}

/* Back out of the device that it came in by, as often as the packet says. */
static void put_redirect(struct code *code)
{
	put_load(code, BPF_B, BPF_REG_1, BPF_REG_8, SHAPE_HOPS_OFF);
	put_jump_imm(code, BPF_JEQ, BPF_REG_1, 0, 6);
	put_alu_imm(code, BPF_SUB, BPF_REG_1, 1);
	put_store(code, BPF_B, BPF_REG_8, SHAPE_HOPS_OFF, BPF_REG_1);
	put_load(code, BPF_W, BPF_REG_1, BPF_REG_6,
		 offsetof(struct xdp_md, ingress_ifindex));
	put_alu_imm(code, BPF_MOV, BPF_REG_2, 0);
	put_call(code, BPF_FUNC_redirect);
	put_exit(code);
}

static void put_tail_call(struct code *code, int map, unsigned int slot)
{
	put_map(code, BPF_REG_2, map);
	put_alu_imm(code, BPF_MOV, BPF_REG_3, slot);
	put_call(code, BPF_FUNC_tail_call);
	put_return(code, XDP_ABORTED);
}

static void slot_set(int map, __u32 slot, int prog)
{
	if (bpf_map_update_elem(map, &slot, &prog, BPF_ANY))
		err(1, "cannot put a program into slot %u", slot);
}

/* Slot N of the map has program N + 1 of the chain; the last has the end. */
static int load_tail_calls(struct code *code, unsigned int units,
			   enum shape_end end)
{
	unsigned int i;
	int map;

	if (units > TAIL_CALLS_MAX)
		errx(1, "%u tail calls are more than the kernel allows", units);
	/* Stays open: without a user the kernel empties it. */
	map = map_new(BPF_MAP_TYPE_PROG_ARRAY, "chain", sizeof(__u32), units);
	put_end(code, end);
	for (i = units; i > 0; i--) {
		slot_set(map, i - 1, load(code, BPF_PROG_TYPE_XDP));
		code->len = 0;
		/* Its beginning takes r1 for itself. */
		if (i == 1) {
			put_beginning(code);
			put_alu_reg(code, BPF_MOV, BPF_REG_1, BPF_REG_6);
		}
		put_tail_call(code, map, i - 1);
	}
	return load(code, BPF_PROG_TYPE_XDP);
}

static void put_units(struct code *code, const char *axis, unsigned int units)
{
	unsigned int i, j;

	for (i = 0; i < sizeof(units_of) / sizeof(units_of[0]); i++) {
		if (strcmp(axis, units_of[i].axis))
			continue;
		for (j = 0; j < units; j++)
			units_of[i].put(code, j);
		return;
	}
	errx(1, "no program is made of '%s'", axis);
}

int shape_load(const char *axis, unsigned int units, enum shape_end end)
{
	struct code *code = calloc(1, sizeof(*code));
	int fd;

	if (!code)
		err(1, "no memory for a program");
	maps_new();
	if (!strcmp(axis, "tail calls") && units) {
		fd = load_tail_calls(code, units, end);
		free(code);
		return fd;
	}
	if (strcmp(axis, "empty"))
		put_beginning(code);
	if (!strcmp(axis, "redirects"))
		put_redirect(code);
	else if (strcmp(axis, "empty") && strcmp(axis, "tail calls"))
		put_units(code, axis, units);
	put_end(code, end);
	fd = load(code, BPF_PROG_TYPE_XDP);
	free(code);
	return fd;
}

/* Stores the time at @stamp of the clock in r7 when @when are left, r8. */
static void put_stamp(struct code *code, int when, int stamp)
{
	put_load(code, BPF_DW, BPF_REG_1, BPF_REG_7, when);
	put_jump_reg(code, BPF_JNE, BPF_REG_1, BPF_REG_8, 2);
	put_call(code, BPF_FUNC_ktime_get_ns);
	put_store(code, BPF_DW, BPF_REG_7, stamp, BPF_REG_0);
}

int shape_load_source(int ifindex, unsigned int hops)
{
	struct code *code = calloc(1, sizeof(*code));
	int fd;

	if (!code)
		err(1, "no memory for a program");
	maps_new();
	put_beginning(code);
	/* Pages are used again, with what the last receiver left in them. */
	put_store_imm(code, BPF_B, BPF_REG_8, SHAPE_HOPS_OFF, hops);
	put_key(code, 0);
	put_map(code, BPF_REG_1, clock_map);
	put_call(code, BPF_FUNC_map_lookup_elem);
	put_jump_imm(code, BPF_JNE, BPF_REG_0, 0, 2);
	put_return(code, XDP_ABORTED);
	put_alu_reg(code, BPF_MOV, BPF_REG_7, BPF_REG_0);
	put_load(code, BPF_DW, BPF_REG_8, BPF_REG_7,
		 offsetof(struct shape_clock, left));
	put_stamp(code, offsetof(struct shape_clock, first),
		  offsetof(struct shape_clock, start));
	put_stamp(code, offsetof(struct shape_clock, last),
		  offsetof(struct shape_clock, end));
	put_alu_imm(code, BPF_SUB, BPF_REG_8, 1);
	put_store(code, BPF_DW, BPF_REG_7, offsetof(struct shape_clock, left),
		  BPF_REG_8);
	put_alu_imm(code, BPF_MOV, BPF_REG_1, ifindex);
	put_alu_imm(code, BPF_MOV, BPF_REG_2, 0);
	put_call(code, BPF_FUNC_redirect);
	put_exit(code);
	fd = load(code, BPF_PROG_TYPE_XDP);
	free(code);
	return fd;
}

void shape_clock_set(const struct shape_clock *clock)
{
	__u32 key = 0;

	if (bpf_map_update_elem(clock_map, &key, clock, BPF_ANY))
		err(1, "cannot set the clock");
}

void shape_clock_get(struct shape_clock *clock)
{
	__u32 key = 0;

	if (bpf_map_lookup_elem(clock_map, &key, clock))
		err(1, "cannot read the clock");
}

int shape_load_sink(void)
{
	enum { SHOT = 2 };	/* TC_ACT_SHOT */
	struct code *code = calloc(1, sizeof(*code));
	int fd;

	if (!code)
		err(1, "no memory for a program");
	maps_new();
	put_alu_reg(code, BPF_MOV, BPF_REG_6, BPF_REG_1);
	code_put(code, (struct bpf_insn){ .code = BPF_LD | BPF_ABS | BPF_B,
					  .imm = SHAPE_ECHO_OFF });
	put_jump_imm(code, BPF_JNE, BPF_REG_0, SHAPE_ECHO, 4);
	put_load(code, BPF_W, BPF_REG_1, BPF_REG_6,
		 offsetof(struct __sk_buff, ifindex));
	put_alu_imm(code, BPF_MOV, BPF_REG_2, 0);
	put_call(code, BPF_FUNC_redirect);
	put_exit(code);
	put_counting(code);
	put_return(code, SHOT);
	fd = load(code, BPF_PROG_TYPE_SCHED_CLS);
	free(code);
	return fd;
}

__u64 shape_counted(void)
{
	int i, cpus = libbpf_num_possible_cpus();
	__u64 values[cpus], sum = 0;
	__u32 key = 0;

	if (bpf_map_lookup_elem(counter_map, &key, values))
		err(1, "cannot read the counter");
	for (i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}
