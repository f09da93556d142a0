/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser a second time, written from the RFCs alone, to compare with. It
 * shares nothing with bpf/.
 */
#ifndef EQUIC_SELFTESTS_REFERENCE_H
#define EQUIC_SELFTESTS_REFERENCE_H

#include "parser.h"

/**
 * reference_parse - parse a frame
 * @data: its bytes
 * @len: how many
 * @port: the service's port
 * @verdict: what the verdict will be
 * @parsed: receives the result
 */
void reference_parse(const __u8 *data, size_t len, __u16 port, int verdict,
		     struct parsed *parsed);

/**
 * reference_quic - classify a UDP payload
 * @data: its bytes
 * @len: how many, at least 1
 * @pkt: type and connection IDs are set
 */
void reference_quic(const __u8 *data, size_t len, struct bpf_equic_pkt *pkt);

#endif /* EQUIC_SELFTESTS_REFERENCE_H */
