/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF instructions, one function each: what runs is counted, so no compiler may
 * choose it.
 */
#ifndef BENCHXDP_INSN_H
#define BENCHXDP_INSN_H

#include <err.h>
#include <linux/bpf.h>

/* Enough for the longest axis, below what the verifier walks. */
#define CODE_MAX	65536

/**
 * struct code - a program that is being written
 * @insn: its instructions.
 * @len: how many.
 */
struct code {
	struct bpf_insn	insn[CODE_MAX];
	unsigned int	len;
};

static inline void code_put(struct code *code, struct bpf_insn insn)
{
	if (code->len == CODE_MAX)
		errx(1, "a program is longer than %d instructions", CODE_MAX);
	code->insn[code->len++] = insn;
}

static inline void put_alu_imm(struct code *code, int op, int dst, int imm)
{
	code_put(code, (struct bpf_insn){ .code = BPF_ALU64 | op | BPF_K,
					  .dst_reg = dst, .imm = imm });
}

static inline void put_alu_reg(struct code *code, int op, int dst, int src)
{
	code_put(code, (struct bpf_insn){ .code = BPF_ALU64 | op | BPF_X,
					  .dst_reg = dst, .src_reg = src });
}

/* @size: BPF_B, BPF_H, BPF_W, BPF_DW */
static inline void put_load(struct code *code, int size, int dst, int src,
			    int off)
{
	code_put(code, (struct bpf_insn){ .code = BPF_LDX | size | BPF_MEM,
					  .dst_reg = dst, .src_reg = src,
					  .off = off });
}

static inline void put_store(struct code *code, int size, int dst, int off,
			     int src)
{
	code_put(code, (struct bpf_insn){ .code = BPF_STX | size | BPF_MEM,
					  .dst_reg = dst, .src_reg = src,
					  .off = off });
}

static inline void put_store_imm(struct code *code, int size, int dst, int off,
				 int imm)
{
	code_put(code, (struct bpf_insn){ .code = BPF_ST | size | BPF_MEM,
					  .dst_reg = dst, .off = off,
					  .imm = imm });
}

/* @off: instructions to skip when the comparison holds */
static inline void put_jump_imm(struct code *code, int op, int dst, int imm,
				int off)
{
	code_put(code, (struct bpf_insn){ .code = BPF_JMP | op | BPF_K,
					  .dst_reg = dst, .imm = imm,
					  .off = off });
}

static inline void put_jump_reg(struct code *code, int op, int dst, int src,
				int off)
{
	code_put(code, (struct bpf_insn){ .code = BPF_JMP | op | BPF_X,
					  .dst_reg = dst, .src_reg = src,
					  .off = off });
}

static inline void put_call(struct code *code, enum bpf_func_id helper)
{
	code_put(code, (struct bpf_insn){ .code = BPF_JMP | BPF_CALL,
					  .imm = helper });
}

/* Two instructions' room. */
static inline void put_map(struct code *code, int dst, int map_fd)
{
	code_put(code, (struct bpf_insn){ .code = BPF_LD | BPF_DW | BPF_IMM,
					  .dst_reg = dst,
					  .src_reg = BPF_PSEUDO_MAP_FD,
					  .imm = map_fd });
	code_put(code, (struct bpf_insn){});
}

static inline void put_exit(struct code *code)
{
	code_put(code, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

static inline void put_return(struct code *code, int value)
{
	put_alu_imm(code, BPF_MOV, BPF_REG_0, value);
	put_exit(code);
}

#endif /* BENCHXDP_INSN_H */
