/* SPDX-License-Identifier: GPL-2.0-only */
/* Running the gateway's parser on a frame, without equic.ko. */
#ifndef EQUIC_SELFTESTS_PARSER_H
#define EQUIC_SELFTESTS_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include "fixtures.h"

/**
 * struct parsed - what the parser made of a frame
 * @outcome: how far it got.
 * @action: the XDP action.
 * @size: the size that the verdict kfunc was given.
 * @pkt: what it was given, zero without a verdict.
 */
struct parsed {
	enum outcome		outcome;
	int			action;
	__u32			size;
	struct bpf_equic_pkt	pkt;
};

/**
 * parser_open - load the program; bails out when the kernel refuses it
 */
void parser_open(void);

/**
 * parser_close - undo it
 */
void parser_close(void);

/**
 * parser_port - say which port is a service's, instead of %SERVICE_PORT
 * @port: the port
 */
void parser_port(__u16 port);

/**
 * parser_instructions - how many the verifier processed
 *
 * Return: their number.
 */
__u32 parser_instructions(void);

/**
 * parser_linear_max - bytes in the linear part of a large packet
 *
 * Return: their number.
 */
size_t parser_linear_max(void);

/**
 * parser_run - parse a frame
 * @data: its bytes, 14 at least
 * @len: how many
 * @linear: how many are in the linear part, 14 … @len; more than there is
 *	room for means as many as there is room for
 * @verdict: what the verdict kfunc answers
 * @parsed: receives the result
 */
void parser_run(const __u8 *data, size_t len, size_t linear, int verdict,
		struct parsed *parsed);

/**
 * parser_run_skb - parse a frame with the same headers in a TC program
 * @data: its bytes, at most parser_linear_max()
 * @len: how many
 * @parsed: receives the result; action and size are those of a packet that
 *	passes
 */
void parser_run_skb(const __u8 *data, size_t len, struct parsed *parsed);

/**
 * parsed_equal - compare what two parsers made of a frame
 * @want: what it should be
 * @got: what it is
 * @name: of the frame, for the explanation
 *
 * %FOREIGN is as good as %UNSEEN: where a length is wrong, the parser may have
 * asked for the port before.
 *
 * Return: true when equal; else every difference was printed.
 */
bool parsed_equal(const struct parsed *want, const struct parsed *got,
		  const char *name);

#endif /* EQUIC_SELFTESTS_PARSER_H */
