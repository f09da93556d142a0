// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Seals one packet again and again, each time under another number: one of a
 * block of them, in an order of its own.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "equic_kfuncs.h"
#include "numbers_room.h"

/* Written by the test. */
__u32 key;
__u8 header[NUMBERS_HEADER];
__u32 block;
__u32 order;
__u32 i;

/* Read by the test: how often each was sealed, and the other answers. */
__u8 sealed[NUMBERS];
struct numbers_answers answers;

/* Of TC: XDP's test runs, where they repeat, wait for each other. */
SEC("tc")
int numbers(struct __sk_buff *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	const void *data_end = (void *)(long)ctx->data_end;
	struct bpf_equic_packet packet = { .key = key, .off = ETH_HLEN };
	__u32 number = block + ((i++ ^ order) & (NUMBERS_BLOCK - 1));

	if (data + ETH_HLEN + NUMBERS_HEADER > (const __u8 *)data_end ||
	    number >= NUMBERS)
		return TC_ACT_SHOT;
	__builtin_memcpy(data + ETH_HLEN, header, NUMBERS_HEADER);
	packet.len = data_end - (void *)data - ETH_HLEN;
	packet.pn_off = NUMBERS_HEADER - NUMBERS_PN_LEN;
	packet.pn = number;
	switch (bpf_skb_equic_seal(ctx, &packet, sizeof(packet))) {
	case 0:
		sealed[number]++;
		answers.sealed++;
		break;
	case -NUMBERS_EALREADY:
		answers.already++;
		break;
	case -NUMBERS_ERANGE:
		answers.range++;
		break;
	case -NUMBERS_EKEYEXPIRED:
		answers.expired++;
		break;
	default:
		answers.others++;
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
