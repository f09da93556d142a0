// SPDX-License-Identifier: GPL-2.0-only
/* See bpf_map.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bpf_map.h"

enum { WORDS = sizeof(struct equic_record) / sizeof(__u64), DISCARDED = 20 };

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

int bpf_map_make(enum bpf_map_type type, unsigned int value_size,
		 unsigned int max_entries, unsigned int flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = type == BPF_MAP_TYPE_RINGBUF ? 0 : sizeof(__u32);
	attr.value_size = value_size;
	attr.max_entries = max_entries;
	attr.map_flags = flags;
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

struct program {
	struct bpf_insn	insn[64];
	unsigned int	len;
};

static void add(struct program *p, __u8 code, __u8 dst, __u8 src, __s16 off,
		__s32 imm)
{
	p->insn[p->len++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
}

static void load_map(struct program *p, int map)
{
	add(p, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map);
	add(p, 0, 0, 0, 0, 0);
}

static void set(struct program *p, __u8 reg, __s32 imm)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, imm);
}

static void call(struct program *p, __s32 helper)
{
	add(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void reserve_and_discard(struct program *p, int map)
{
	load_map(p, map);
	set(p, BPF_REG_2, DISCARDED);
	set(p, BPF_REG_3, 0);
	call(p, BPF_FUNC_ringbuf_reserve);
	/* None: past what throws it away. */
	add(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 3, 0);
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0);
	set(p, BPF_REG_2, BPF_RB_NO_WAKEUP);
	call(p, BPF_FUNC_ringbuf_discard);
}

static void output(struct program *p, int map, const struct equic_record *record)
{
	const int size = sizeof(*record);
	__u64 word[WORDS];
	int i;

	memcpy(word, record, sizeof(word));
	for (i = 0; i < WORDS; i++) {
		add(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, 8 * i - size,
		    (__u32)word[i]);
		add(p, BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, 8 * i + 4 - size,
		    word[i] >> 32);
	}
	load_map(p, map);
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	add(p, BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -size);
	set(p, BPF_REG_3, size);
	set(p, BPF_REG_4, BPF_RB_NO_WAKEUP);
	call(p, BPF_FUNC_ringbuf_output);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Once, on an empty packet; what it returns is an error as a number of 32 bits. */
static int run(int program)
{
	__u8 packet[64] = { 0 };
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = program;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	return err ?: (int)attr.test.retval;
}

int bpf_map_produce(int map, const struct equic_record *record, bool discard)
{
	struct program p = { .len = 0 };
	union bpf_attr attr;
	int fd, err;

	if (discard)
		reserve_and_discard(&p, map);
	output(&p, map, record);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)p.insn;
	attr.insn_cnt = p.len;
	attr.license = (uintptr_t)"GPL";
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return fd;
	err = run(fd);
	close(fd);
	return err;
}
