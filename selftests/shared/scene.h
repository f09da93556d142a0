/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shared endpoint that sends by all its senders to one of ngtcp2: a stream of the
 * stack's, streams and datagrams of the second sender's, which may hang in the middle of
 * a packet, and goes on, or die there, and begins anew.
 */
#ifndef EQUIC_SELFTESTS_SHARED_SCENE_H
#define EQUIC_SELFTESTS_SHARED_SCENE_H

#include "actor.h"
#include "memory.h"
#include "world.h"
#include "ring.h"
#include "second.h"
#include "window.h"

enum { SCENE_STREAMS_MAX = 32, SCENE_STACK_MAX = 1 << 24 };

/**
 * struct scene_plan - what is sent
 * @path: over what.
 * @loss: of 1000 datagrams, from when the handshake is confirmed on; 0: as on @path. A
 *	handshake that loses six flights one after another ends by itself.
 * @seed: of all that is by chance.
 * @begin: when the client begins, ns; 0: after a second.
 * @share_at: the stack is alone until then, ns, and as long as the handshake is not
 *	confirmed; 0: from the beginning the connection is shared.
 * @client: the client is the shared one, else the server.
 * @payload_max: of datagrams, bytes, which the path is known to take; 0: nothing is
 *	known of it.
 * @streams: of the second sender, each of
 * @stream_bytes: bytes.
 * @stack_bytes: in the stream of the stack; those beyond SCENE_STACK_MAX are the
 *	wrong ones.
 * @datagrams: of the second sender.
 * @initial_max_data: of the peer.
 * @max_stream_data: of the peer; 0: more than is sent.
 * @update_after: packets of an epoch; 0: the keys are not updated.
 * @mortal: of 1000 steps of the second sender, so many are its last. It begins anew
 *	20 ms later.
 * @hanging: of 1000 steps of the second sender, behind so many it hangs, up to a second.
 *	Whoever gives it keys and paths does so meanwhile, as beside a CPU that is held up.
 * @rebind_every: ns: the client gets another address; 0: never.
 * @stop_every: every so many streams the peer wants no more of; 0: none.
 * @batched: packets of the stack leave together; the second sender's pass them.
 * @stack_first: the second sender comes when the stack has got what it may have.
 * @max_streams: of the peer; 0: more than are used.
 * @max_udp_payload_size: of the peer, a datagram's; 0: as it is usual.
 * @refuse_from: the second sender does not take the keys from this epoch on; 0: it does.
 * @plain: the endpoint is ngtcp2 alone: nothing is shared.
 * @alone: it has no second sender.
 * @spoil: what the second sender does to the memory when the stack has sent a quarter;
 *	then it is gone for good, and what it began is the endpoint's to end. NULL:
 *	nothing.
 * @callbacks: of struct world_options, as the next two are.
 * @timeless: the second sender says of each packet that it was sent at 0.
 * @told: called in each callback about a datagram or a stream; NULL: nothing is.
 */
struct scene_plan {
	struct transit_path	path;
	unsigned int		loss;
	uint64_t		seed, begin, share_at;
	bool			client;
	uint32_t		payload_max;
	int			streams;
	uint64_t		stream_bytes, stack_bytes;
	int			datagrams;
	uint64_t		initial_max_data, max_stream_data;
	uint64_t		update_after, max_streams, max_udp_payload_size;
	unsigned int		refuse_from;
	unsigned int		mortal, hanging;
	uint64_t		rebind_every;
	int			stop_every;
	bool			batched, stack_first, plain, alone, timeless;
	void			(*spoil)(struct equic_shared *memory, int ring_fd);
	void			(*callbacks)(ngtcp2_callbacks *callbacks);
	void			(*rewire)(ngtcp2_callbacks *callbacks);
	const char		*priority;
	void			(*told)(void);
};

struct scene_stream {
	unsigned int	slot, generation;
	uint64_t	id, sent;
	bool		live, stopped;
};

struct scene {
	struct scene_plan	plan;
	struct world		*world;
	struct chance		chance;
	struct second		*second;
	struct actor		*actor;		/* who has it */
	struct equic_shared	*memory;
	struct ring		*ring;
	struct scene_stream	streams[SCENE_STREAMS_MAX];
	int			claims, datagrams, rebinds;
	int64_t			stack_stream;
	uint64_t		stack_sent;
	bool			stack_fin, dead, spoilt, shared;
	bool			hang_next;	/* behind @hang_step, until it is woken */
	enum second_step	hang_step;
	bool			delayed;	/* its packet, behind the number */
	unsigned int		failing;	/* packets of its that send() refuses */
	uint64_t		first;		/* number that was shared, */
	uint64_t		first_epoch;	/* and its epoch */
	uint64_t		revive_at, rebind_at, wake_at;
	uint64_t		deaths, deaths_at[SECOND_STEPS];
	uint64_t		hangs, hangs_at[SECOND_STEPS];
	uint64_t		fates[3], done, stopped, keys, paths;
	uint64_t		astray;		/* changes of the path, and no stop */
	uint64_t		stale;		/* packets to another connection ID, */
						/* or on another path */
	ngtcp2_path_storage	told;		/* which it was told of */
	uint64_t		early, late;	/* keys: before all, and behind their use */
	struct equic_share_key	key, first_key;	/* the last; of epoch 0 */
	struct window		window;
	uint8_t			stack[SCENE_STACK_MAX];
};

struct scene *scene_new(const struct scene_plan *plan);
void scene_free(struct scene *sc);

/* Before @share_at of the plan. Return: 0, or errno of equic_share_begin(). */
int scene_share(struct scene *sc);

/**
 * scene_play - until all is there, and the peer has said so
 * @sc: scene
 * @until: ns, at the latest
 *
 * Return: 0; the error of an end that failed.
 */
int scene_play(struct scene *sc, uint64_t until);

/* What happens in so many ns; the connection goes on behind them. */
void scene_run(struct scene *sc, uint64_t ns);

/*
 * One packet of the stack after another that is written in two pieces, 7 ms apart.
 * Return: how many; less than @count: one was refused.
 */
int scene_write_in_pieces(struct scene *sc, int count);

/*
 * scene_hang - the second sender hangs behind a step of its next packet that has it
 *
 * Return: whether it does, until scene_wake().
 */
bool scene_hang(struct scene *sc, enum second_step step);
void scene_wake(struct scene *sc);

/* In the middle of the second sender's streams. */
struct scene *scene_begun(const struct scene_plan *plan);

/* What the peer got of a stream. */
const struct received_stream *scene_received(struct scene *sc, uint64_t stream);

/* Whether all that was sent is there, and streams that the peer stopped are reset. */
bool scene_complete(struct scene *sc);

/* Whether each byte is what it was. */
bool scene_right(struct scene *sc);

/* When the last byte was there, ns; from the first packet on. */
uint64_t scene_duration(const struct scene *sc);

/* For people. */
void scene_print(struct scene *sc, const char *name, int err);

#endif /* EQUIC_SELFTESTS_SHARED_SCENE_H */
