/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading the bytes of a packet, from XDP or from TC.
 *
 * The parsers beside this file are written once for both. A TC program defines
 * EQUIC_PARSE_SKB before it includes any of them; `struct equic_ctx` is then
 * struct __sk_buff, otherwise struct xdp_md.
 */
#ifndef _EQUIC_PACKET_H
#define _EQUIC_PACKET_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef EQUIC_PARSE_SKB
#define equic_ctx		__sk_buff
#define equic_ctx_len(ctx)	((__u64)(ctx)->len)
#define equic_ctx_load		bpf_skb_load_bytes
#else
#define equic_ctx		xdp_md
#define equic_ctx_len(ctx)	bpf_xdp_get_buff_len(ctx)
#define equic_ctx_load		bpf_xdp_load_bytes
#endif

enum {
	/*
	 * Beyond it nothing is parsed. The verifier wants a bound under 64 KiB
	 * for an offset into a packet. Link and IP headers end before 17 KiB:
	 * eight extension headers of at most 2048 bytes are walked.
	 */
	EQUIC_OFF_MAX		= 0x7fff,
};

/**
 * equic_bytes - bytes of a packet, wherever they are
 * @ctx: the packet
 * @off: where they begin
 * @len: how many, a constant
 * @buf: room for @len bytes, used where they are not in the linear part
 *
 * Return: the bytes, valid until @buf is used again; NULL when the packet ends
 * before them or they are beyond %EQUIC_OFF_MAX.
 */
static __always_inline const void *
equic_bytes(struct equic_ctx *ctx, __u32 off, const __u32 len, void *buf)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;
	const void *bytes;

	/*
	 * The verifier believes a bound of the very register that it is tested
	 * in: the compiler must not test or compute a copy.
	 */
	barrier_var(off);
	if (off > EQUIC_OFF_MAX)
		return NULL;
	bytes = data + off;
	barrier_var(bytes);
	if (bytes + len <= data_end)
		return bytes;
	if (equic_ctx_load(ctx, off, buf, len))
		return NULL;
	return buf;
}

/**
 * equic_has - is a packet that long?
 * @ctx: the packet
 * @len: bytes, at most 128 KiB
 *
 * Return: true when it has @len bytes, fragments included.
 */
static __always_inline bool equic_has(struct equic_ctx *ctx, __u32 len)
{
	const void *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;

	return data + len <= data_end || len <= equic_ctx_len(ctx);
}

#endif /* _EQUIC_PACKET_H */
