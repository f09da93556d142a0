/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parser must find in frames of every shape. */
#ifndef EQUIC_SELFTESTS_FIXTURES_H
#define EQUIC_SELFTESTS_FIXTURES_H

#include "frame.h"

/**
 * enum outcome - how far a packet gets
 * @UNSEEN: it is none of the gateway's business.
 * @FOREIGN: it is UDP for a port without a service.
 * @DECIDED: the module is asked for a verdict.
 */
enum outcome {
	UNSEEN,
	FOREIGN,
	DECIDED,
};

/**
 * struct fixture - a frame and what has to be found in it
 * @name: the behaviour, as a test's name.
 * @frame: the frame.
 * @outcome: how far it gets.
 * @type: enum equic_pkt_type, of a %DECIDED one.
 * @cids: which QUIC packet's connection IDs are to be found: 1 for the first;
 *	0: none.
 */
struct fixture {
	const char		*name;
	struct frame		frame;
	enum outcome		outcome;
	enum equic_pkt_type	type;
	int			cids;
};

extern const struct fixture fixtures[];
extern const size_t fixtures_count;

/**
 * fixture_pkt - what the verdict kfunc has to be given for a fixture
 * @fixture: a %DECIDED one
 * @built: its frame
 * @pkt: receives it
 */
void fixture_pkt(const struct fixture *fixture, const struct built *built,
		 struct bpf_equic_pkt *pkt);

/**
 * drop_of_type - why the module drops packets of a type
 * @type: the type
 *
 * Return: a reason, or %EQUIC_DROP_NONE for a type that it may pass.
 */
enum equic_drop drop_of_type(enum equic_pkt_type type);

#endif /* EQUIC_SELFTESTS_FIXTURES_H */
