// SPDX-License-Identifier: GPL-2.0-only
#include "protect.h"
#include "event.h"
#include "key.h"

/* A key's limit is announced when an eighth of it is left. */
#define LIMIT_RESERVE(max)	((max) - ((max) >> 3))

static bool form_fits(const struct equic_key *key, u8 first)
{
	return !!(first & EQUIC_LONG_HEADER) == (key->level != EQUIC_LEVEL_ONE_RTT);
}

/* The sample begins as if the number were four bytes long (RFC 9001, 5.4.2). */
static int check_packet(const struct equic_key *key,
			const struct equic_packet *packet, u8 use)
{
	if (unlikely(key->use != use))
		return -EKEYREJECTED;
	if (unlikely(!packet->args.pn_off ||
		     packet->args.pn_off + EQUIC_PN_MAX_LEN + EQUIC_SAMPLE_LEN >
			     packet->args.len))
		return -EMSGSIZE;
	return form_fits(key, packet->data[0]) ? 0 : -EPROTO;
}

static void packet_mask(const struct equic_key *key, const u8 *pn,
			u8 mask[EQUIC_MASK_LEN])
{
	equic_header_mask(&key->header, pn + EQUIC_PN_MAX_LEN, mask);
}

/* RFC 9000, A.3. */
static u64 pn_decode(u64 expected, u64 truncated, unsigned int len)
{
	u64 window = 1ULL << (8 * len);
	u64 pn = (expected & ~(window - 1)) | truncated;

	if (pn + window / 2 <= expected && pn < EQUIC_PN_END - window)
		return pn + window;
	if (pn > expected + window / 2 && pn >= window)
		return pn - window;
	return pn;
}

static struct equic_epoch *epoch_of(struct equic_key *key,
				    const struct equic_packet *packet)
{
	struct equic_epoch *epoch = rcu_dereference_bh(key->current_);
	bool phase = packet->data[0] & EQUIC_KEY_PHASE;

	if (likely(key->level != EQUIC_LEVEL_ONE_RTT ||
		   phase == (epoch->number & 1)))
		return epoch;
	return equic_key_other_phase(key, phase, packet->args.pn);
}

/* What the packet's being authentic says. */
static void opened(struct equic_key *key, struct equic_epoch *epoch, u64 pn)
{
	s64 old;

	atomic64_inc(&epoch->opened);
	equic_key_expect(key, pn + 1);
	old = atomic64_read(&epoch->first_pn);
	while (pn < old && !atomic64_try_cmpxchg(&epoch->first_pn, &old, pn))
		;
	if (unlikely(epoch == rcu_access_pointer(key->next)))
		equic_key_promote(key, epoch);
}

/* Each number is counted once, so each event comes once. */
static void tell_limit(struct equic_key *key, s64 count, s64 max, u32 epoch)
{
	if (count == LIMIT_RESERVE(max))
		equic_event_key(key, EQUIC_EVENT_KEY_LIMIT, epoch);
	if (count == max)
		equic_event_key(key, EQUIC_EVENT_KEY_SPENT, epoch);
}

static void count_failure(struct equic_key *key, u32 epoch)
{
	tell_limit(key, atomic64_inc_return(&key->failures), key->failures_max,
		   epoch);
}

static int open_with(struct equic_key *key, struct equic_epoch *epoch,
		     struct equic_packet *packet)
{
	unsigned int header_len = packet->args.pn_off + packet->pn_len;
	unsigned int payload_len = packet->args.len - header_len - EQUIC_TAG_LEN;
	int ret;

	ret = equic_aead_open(&epoch->aead, packet->data, header_len,
			      payload_len, packet->args.pn);
	if (unlikely(ret)) {
		if (ret == -EBADMSG)
			count_failure(key, epoch->number);
		return ret;
	}
	packet->args.epoch = epoch->number;
	opened(key, epoch, packet->args.pn);
	return 0;
}

int equic_open(struct equic_key *key, struct equic_packet *packet)
{
	u8 *pn = packet->data + packet->args.pn_off;
	u8 mask[EQUIC_MASK_LEN] __uninitialized;
	struct equic_epoch *epoch;
	u64 expected;
	int ret;

	ret = check_packet(key, packet, EQUIC_KEY_USE_OPEN);
	if (unlikely(ret))
		return ret;
	if (unlikely(atomic64_read(&key->failures) >= key->failures_max))
		return -EKEYEXPIRED;

	packet_mask(key, pn, mask);
	equic_header_mask_first(packet->data, mask);
	packet->pn_len = equic_pn_len(packet->data[0]);
	equic_header_mask_pn(pn, packet->pn_len, mask);
	expected = atomic64_read(&key->pn_expected);
	packet->args.pn = pn_decode(expected, equic_pn_read(pn, packet->pn_len),
				    packet->pn_len);
	epoch = epoch_of(key, packet);
	ret = likely(epoch) ? open_with(key, epoch, packet) : -ENOKEY;
	if (unlikely(ret)) {
		equic_header_mask_first(packet->data, mask);
		equic_header_mask_pn(pn, packet->pn_len, mask);
	}
	return ret;
}

static struct equic_epoch *epoch_numbered(const struct equic_key *key,
					  u32 number)
{
	struct equic_epoch *epoch = rcu_dereference_bh(key->current_);

	if (likely(epoch->number == number))
		return epoch;
	epoch = rcu_dereference_bh(key->previous);
	return epoch && epoch->number == number ? epoch : NULL;
}

/* A number is spent from here on, whatever becomes of the packet. */
static int spend(struct equic_key *key, struct equic_epoch *epoch, u64 pn)
{
	s64 max = key->packets_max;
	s64 n = equic_window_take(&epoch->window, pn, max);

	if (unlikely(n < 0))
		return n;
	if (unlikely(n >= LIMIT_RESERVE(max)))
		tell_limit(key, n, max, epoch->number);
	return 0;
}

static void set_phase(u8 *first, u32 epoch)
{
	*first &= ~EQUIC_KEY_PHASE;
	if (epoch & 1)
		*first |= EQUIC_KEY_PHASE;
}

int equic_seal(struct equic_key *key, struct equic_packet *packet)
{
	u8 *data = packet->data, *pn = data + packet->args.pn_off;
	u8 mask[EQUIC_MASK_LEN] __uninitialized;
	unsigned int pn_len, header_len;
	u64 number = packet->args.pn;
	struct equic_epoch *epoch;
	int ret;

	ret = check_packet(key, packet, EQUIC_KEY_USE_SEAL);
	if (unlikely(ret))
		return ret;
	if (unlikely(number >= EQUIC_PN_END))
		return -ERANGE;
	epoch = epoch_numbered(key, packet->args.epoch);
	if (unlikely(!epoch))
		return -ENOKEY;
	ret = spend(key, epoch, number);
	if (unlikely(ret))
		return ret;

	pn_len = equic_pn_len(data[0]);
	packet->pn_len = pn_len;
	header_len = packet->args.pn_off + pn_len;
	if (key->level == EQUIC_LEVEL_ONE_RTT)
		set_phase(data, epoch->number);
	equic_pn_write(pn, pn_len, number);
	ret = equic_aead_seal(&epoch->aead, data, header_len,
			      packet->args.len - header_len - EQUIC_TAG_LEN,
			      number);
	if (unlikely(ret))
		return ret;
	packet_mask(key, pn, mask);
	equic_header_mask_first(data, mask);
	equic_header_mask_pn(pn, pn_len, mask);
	return 0;
}
