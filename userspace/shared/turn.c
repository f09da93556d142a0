// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is seen to in each call of the endpoint's, before ngtcp2 is called and behind. */
#include <stdlib.h>
#include <string.h>
#include "least.h"
#include "memory.h"
#include "share.h"
#include "word.h"

/* Of the peer's credit, what is known to be used. */
static uint64_t known_data(const struct equic_share *s)
{
	return s->stack_data + s->streams.known;
}

uint64_t share_data_left(const struct equic_share *s)
{
	return s->data_max - least(known_data(s), s->data_max);
}

void share_settle_credit(struct equic_share *s)
{
	__atomic_store_n(&s->memory->data, known_data(s), __ATOMIC_RELEASE);
}

static void put_stream(struct equic_shared *m, const struct stream *stream)
{
	if (stream->released)
		return;
	stream_put_claimed(m, stream->slot, stream->generation, stream->id,
			   stream->max);
	/* Paid for below, with all others. */
	m->streams[stream->slot].word |= stream->known;
	if (stream->ended || stream->reset)
		stream_close(m, stream->slot);
}

/*
 * Up to there recovery has room. Where nothing is in flight there is no end to it: then
 * it is measured from the last packet, or numbers of none could go on and on.
 */
static uint64_t numbers_end(const struct equic_share *s)
{
	uint64_t base = most(recovery_next(s->recovery), s->first);

	return least(recovery_end(s->recovery), base + 4 * SHARE_LEAP);
}

void share_watch_numbers(struct equic_share *s)
{
	s->ahead = s->floor >= numbers_end(s) - 3 * SHARE_LEAP;
	if (s->ahead)
		number_stop(s->memory);
}

void share_know_number(struct equic_share *s, uint64_t pn)
{
	s->floor = most(s->floor, pn + 1);
	share_watch_numbers(s);
}

bool share_is_beyond(const struct equic_share *s, uint64_t pn)
{
	return s->memory == s->mapped &&
	       pn >= numbers_end(s) - 2 * SHARE_LEAP;
}

/* The words as they should be. */
static void put_words(const struct equic_share *s, struct equic_shared *m)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	memory_init(m, s->options.connection);
	m->payload_max = s->payload_max;
	m->datagram_max = s->datagram_max;
	m->number = EQUIC_NUMBER_STOP |
		    (uint64_t)s->epoch << EQUIC_NUMBER_EPOCH_SHIFT |
		    (s->floor + SHARE_LEAP);
	m->data_max = s->data_max;
	m->data = least(known_data(s), s->data_max);
	for (i = 0; i < s->streams.count; i++)
		put_stream(m, &s->streams.slots[s->streams.order[i]]);
}

/* What is known of it. */
static uint64_t word_of(const struct stream *stream)
{
	return stream->known |
	       (uint64_t)stream->generation << EQUIC_STREAM_GENERATION_SHIFT |
	       (stream->claimed ? EQUIC_STREAM_CLAIMED : 0) |
	       (stream->ended || stream->reset ? EQUIC_STREAM_CLOSED : 0);
}

static void put_right(__u64 *word, uint64_t right)
{
	if (__atomic_load_n(word, __ATOMIC_RELAXED) != right)
		__atomic_store_n(word, right, __ATOMIC_RELEASE);
}

void share_restore(struct equic_share *s)
{
	struct equic_shared_stream right[EQUIC_SHARED_STREAMS] = { 0 };
	struct equic_shared *m = s->memory;
	unsigned int i;

	memory_label(s->mapped, s->options.connection);
	/* Nobody looks at what is in its place. */
	if (m != s->mapped)
		return;
	s->waiting = 0;
	__atomic_store_n(&m->payload_max, s->payload_max, __ATOMIC_RELAXED);
	__atomic_store_n(&m->datagram_max, s->datagram_max, __ATOMIC_RELAXED);
	put_right(&m->data_max, s->data_max);
	for (i = 0; i < s->streams.count; i++) {
		const struct stream *stream = &s->streams.slots[s->streams.order[i]];

		if (stream->released)
			continue;
		s->waiting += !stream->claimed;
		right[stream->slot] = (struct equic_shared_stream){
			.word = word_of(stream),
			.id = stream->id, .max = stream->max,
		};
	}
	for (i = 0; i < EQUIC_SHARED_STREAMS; i++) {
		put_right(&m->streams[i].id, right[i].id);
		put_right(&m->streams[i].max, right[i].max);
		put_right(&m->streams[i].word, right[i].word);
	}
}

void share_estrange(struct equic_share *s)
{
	struct equic_shared *m;

	number_stop(s->mapped);
	if (s->stats.estranged)
		return;
	m = aligned_alloc(64, (sizeof(*m) + 63) & ~63UL);
	if (!m) {
		s->error = NGTCP2_ERR_NOMEM;
		return;
	}
	/* Not again by what is found in a ring. */
	s->stats.estranged = 1;
	/* What was sent before the stop is in the words, if it is told of by now. */
	records_drain(s);
	put_words(s, m);
	s->memory = m;
	s->budget.granted = s->budget.registered;
	s->waiting = EQUIC_SHARED_POOL;
}

size_t share_datagram_max(const struct equic_share *s)
{
	return s->pmtud ? s->peer_payload_max : s->payload_max;
}

void share_limit_payload(struct equic_share *s)
{
	s->payload_max = least(s->path_payload_max, s->peer_payload_max);
	__atomic_store_n(&s->memory->payload_max, s->payload_max, __ATOMIC_RELAXED);
	if (!s->pmtud)
		recovery_payload(s->recovery, s->payload_max);
}

void share_learn_parameters(struct equic_share *s)
{
	const ngtcp2_transport_params *p;

	if (s->parameters)
		return;
	p = ngtcp2_conn_get_remote_transport_params(s->conn);
	if (!p)
		return;
	s->parameters = true;
	/* A packet of the same datagram may have allowed more. */
	s->data_max = most(s->data_max, p->initial_max_data);
	s->stream_max = p->initial_max_stream_data_uni;
	data_allow(s->memory, p->initial_max_data);
	s->datagram_max = least(p->max_datagram_frame_size, UINT32_MAX);
	__atomic_store_n(&s->memory->datagram_max, s->datagram_max, __ATOMIC_RELAXED);
	s->peer_payload_max = least(p->max_udp_payload_size, UINT16_MAX);
	share_limit_payload(s);
	recovery_peer(s->recovery, p->max_ack_delay, p->ack_delay_exponent);
}

/* A server's handshake is confirmed when it is complete. */
bool share_is_confirmed(const struct equic_share *s)
{
	return s->confirmed || (ngtcp2_conn_is_server(s->conn) &&
				ngtcp2_conn_get_handshake_completed(s->conn));
}

bool share_is_wired(const struct equic_share *s)
{
	return s->encrypts && s->decrypts;
}

static void learn_state(struct equic_share *s)
{
	s->confirmed = share_is_confirmed(s);
	recovery_early(s->recovery, !s->confirmed);
	if (ngtcp2_conn_in_closing_period(s->conn) ||
	    ngtcp2_conn_in_draining_period(s->conn))
		share_end(s);
}

/* An error but the one that says so leaves a packet half written that was. */
void share_wrote(struct equic_share *s, ngtcp2_ssize n)
{
	s->partial = n == NGTCP2_ERR_WRITE_MORE || (s->partial && n < 0);
}

void share_end(struct equic_share *s)
{
	s->ended = true;
	if (s->begun)
		number_stop(s->memory);
}

void share_follow_payload(struct equic_share *s)
{
	uint32_t found, max;

	if (!s->pmtud)
		return;
	found = SHARE_GROWTH + ngtcp2_conn_get_path_max_tx_udp_payload_size(s->conn);
	recovery_payload(s->recovery, found);
	max = most(found, EQUIC_SHARE_PAYLOAD_DEFAULT);
	if (max == s->path_payload_max)
		return;
	s->path_payload_max = max;
	share_limit_payload(s);
}

/* What it has not been given yet. */
static void give(struct equic_share *s)
{
	const struct equic_share_events *events = s->options.events;
	int i;

	for (i = 0; i < 2 && !s->declined; i++) {
		struct share_key *key = &s->keys[i];
		struct equic_share_key told = {
			.epoch = s->epoch + i, .cipher = s->cipher,
		};

		if (!key->key || key->given)
			continue;
		memcpy(told.key, key->secret.key, sizeof(told.key));
		memcpy(told.iv, key->secret.iv, sizeof(told.iv));
		memcpy(told.header, key->secret.header, sizeof(told.header));
		s->declined = events->key(s->options.ctx, &told);
		key->given = true;
		explicit_bzero(&told, sizeof(told));
	}
	if (!s->declined && !s->path_given && !s->path.unvalidated) {
		s->declined = events->path(s->options.ctx,
					  ngtcp2_conn_get_path(s->conn),
					  &s->path.dcid);
		s->path_given = true;
	}
}

/* A second sender that has all it needs may send. */
static void serve_second(struct equic_share *s)
{
	if (!s->confirmed || s->ended || s->stats.estranged)
		return;
	if (!share_is_wired(s)) {
		s->error = NGTCP2_ERR_CALLBACK_FAILURE;
		return;
	}
	give(s);
	if (s->declined) {
		number_stop(s->memory);
		own_empty_pool(s);
		return;
	}
	own_pool(s);
	if (number_read(s->memory) & EQUIC_NUMBER_STOP && s->path_given && !s->spent &&
	    !s->ahead)
		number_go(s->memory);
}

/* RTTs that the stack may have nothing to say with the next key. */
enum { SILENCE_RTTS = 3 };

/*
 * Refused while another is going on, or before it is allowed: again then. ngtcp2 is not
 * to be asked in the middle of a packet, nor of a connection that ends.
 */
void share_update_keys(struct equic_share *s, uint64_t taken)
{
	if (taken < s->options.update_after || s->partial || s->ended ||
	    !share_is_confirmed(s))
		return;
	s->update_wanted = !ngtcp2_conn_initiate_key_update(s->conn, s->now);
	s->update_time = s->now;
	s->nudged = false;
}

/*
 * The keys wear out by what all senders seal (RFC 9001, 6.6). The second one stops so
 * early that what it takes until it is looked at again is within the limit, too.
 */
static void watch_keys(struct equic_share *s)
{
	uint64_t taken = number_pn(number_read(s->memory)) - s->epoch_first;

	s->spent = taken >= s->packets_max - least(s->packets_max / 2, SHARE_LEAP);
	if (s->spent)
		number_stop(s->memory);
	if (!s->update_wanted)
		share_update_keys(s, taken);
	/* The first packet of the next epoch is the stack's, whatever it has to say. */
	else if (!s->nudged && s->confirmed && !s->ended &&
		 s->now >= s->update_time + SILENCE_RTTS * recovery_rtt(s->recovery))
		s->nudged = own_nudge(s);
}

/* What no sender that keeps to the rules makes of the credit. */
static bool credit_spoiled(const struct equic_share *s)
{
	uint64_t data = __atomic_load_n(&s->memory->data, __ATOMIC_RELAXED);
	uint64_t max = __atomic_load_n(&s->memory->data_max, __ATOMIC_RELAXED);

	return max != s->data_max || data > max || data < known_data(s);
}

/*
 * How far a stream's end can be. Once it has a final size, that is where it is; and what
 * nobody can have paid for, nobody took: to send it would end the connection.
 */
static uint64_t end_max(const struct equic_share *s, const struct stream *stream)
{
	if (stream->ended || stream->reset)
		return stream->final;
	return least(stream->max, stream->known + share_data_left(s));
}

uint64_t share_stream_end(struct equic_share *s, const struct stream *stream,
			  uint64_t word)
{
	uint64_t end = stream_end(word);

	if (stream_generation(word) == stream->generation && end >= stream->known &&
	    end <= end_max(s, stream))
		return end;
	s->stats.hostile++;
	return stream->known;
}

uint64_t share_close_stream(struct equic_share *s, const struct stream *stream)
{
	return share_stream_end(s, stream,
				stream_close(s->memory, stream->slot));
}

void share_enter(struct equic_share *s, ngtcp2_tstamp ts)
{
	s->outer = share_current;
	share_current = s;
	s->resumes = false;
	s->now = most(s->now, ts);
	if (!s->begun)
		return;
	s->budget.fresh = false;
	records_drain(s);
}

void share_leave(struct equic_share *s)
{
	if (!s->begun) {
		alone_leave(s);
		return;
	}
	share_learn_parameters(s);
	if (credit_spoiled(s))
		share_estrange(s);
	learn_state(s);
	share_follow_path(s);
	share_follow_payload(s);
	if (recovery_joining(s->recovery))
		alone_follow(s);
	if (s->keys[0].key)
		watch_keys(s);
	share_watch_numbers(s);
	/* Nobody else may have something to send, and let the second sender go on. */
	if (s->ahead && recovery_end(s->recovery) == UINT64_MAX)
		s->probes = most(s->probes, 1);
	own_release(s);
	serve_second(s);
	budget_share(s);
	__atomic_store_n(&s->memory->heartbeat, ++s->beats, __ATOMIC_RELAXED);
	share_current = s->outer;
}

/* Whether the second sender has what it may be given now. */
static bool is_served(const struct equic_share *s)
{
	return !s->confirmed || (s->path_given && s->keys[0].given);
}

void share_leave_write(struct equic_share *s)
{
	bool waited = s->path.unvalidated;

	/* Nobody else has to know of another path before the packet leaves. */
	if (share_follow_path(s) || !is_served(s)) {
		share_leave(s);
		/* The stack has gone back: what waited has not been asked for in this call. */
		s->resumes = waited && !s->path.unvalidated && (s->probes || own_due(s));
		return;
	}
	if (!s->budget.fresh)
		budget_share(s);
	share_current = s->outer;
}
