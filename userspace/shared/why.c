// SPDX-License-Identifier: LGPL-2.1-or-later
/* See why.h. Each says which thing, what is wrong with it, and what to do. */
#include <errno.h>
#include "share.h"
#include "why.h"

_Static_assert(EQUIC_SHARE_PAYLOAD_MIN == 1203 && EQUIC_SHARE_PAYLOAD_MAX == 1452 &&
	       EQUIC_SHARE_RINGS_MAX == 64 && SHARE_LEAP == 32768, "as it is said below");

#define NOT_NGTCP2(name) \
	"callbacks." name " is not ngtcp2_crypto_" name "_cb: set it to that in a " \
	"fresh copy for each connection; one that was used has this library's"

/* @err: errno; 0: of a system call, or of the allocator. */
static const struct {
	int		err;
	const char	*words;
} reasons[] = {
	[WHY_CALLBACKS] = { EINVAL,
		"callbacks is NULL: give those of the connection, filled in" },
	[WHY_SETTINGS] = { EINVAL,
		"settings is NULL: give those of the connection, filled in" },
	[WHY_OPTIONS] = { EINVAL,
		"options is NULL: give a struct equic_share_options" },

	[WHY_ENCRYPT] = { EINVAL, NOT_NGTCP2("encrypt") },
	[WHY_DECRYPT] = { EINVAL, NOT_NGTCP2("decrypt") },
	[WHY_HP_MASK] = { EINVAL, NOT_NGTCP2("hp_mask") },
	[WHY_UPDATE_KEY] = { EINVAL, NOT_NGTCP2("update_key") },
	[WHY_INITIAL_PKT_NUM] = { EINVAL,
		"settings.initial_pkt_num is not 0, where shared numbers begin: leave it 0" },

	[WHY_PAYLOAD_BELOW] = { EINVAL,
		"options.payload_max is below 1203: of that the stack has 1200, which QUIC "
		"needs (RFC 9000, 14), and its numbers 3: give 1203 to 1452, or 0" },
	[WHY_PAYLOAD_ABOVE] = { EINVAL,
		"options.payload_max is above 1452, which Ethernet takes: "
		"give 1203 to 1452, or 0" },
	[WHY_PAYLOAD_AGAIN] = { EINVAL,
		"options.payload_max of equic_share_begin() is not 0: "
		"say it to equic_share_new(), or equic_share_set_payload_max()" },

	[WHY_EVENTS] = { EINVAL,
		"options.events is NULL, but equic_share_begin() needs a second sender: "
		"give key(), path() and bytes()" },
	[WHY_KEY] = { EINVAL,
		"options.events has no key(): give one, or the second sender has no key" },
	[WHY_PATH] = { EINVAL,
		"options.events has no path(): give one, or the second sender has no address" },
	[WHY_BYTES] = { EINVAL,
		"options.events has no bytes(): give one, for what is lost is asked for there" },

	[WHY_NO_RING] = { EINVAL,
		"options.ring_count is 0: give 1, or as many as the second sender has threads" },
	[WHY_RING_COUNT] = { EINVAL,
		"options.ring_count is above 64: let threads of the second sender share one" },
	[WHY_RING] = { EINVAL,
		"options.rings has a descriptor that is no BPF ring buffer, nor a memfd sealed "
		"against shrinking of two pages and a power of two: rings NULL has them made" },
	[WHY_RING_USED] = { EPROTO,
		"options.rings has a ring that was spoiled: give new ones, or NULL" },
	[WHY_RING_MAP] = { 0,
		"options.rings has a descriptor that cannot be mapped: see errno, and mmap(2)" },
	[WHY_RING_MAKE] = { 0,
		"the rings cannot be made: see errno, and memfd_create(2); "
		"for EMFILE raise RLIMIT_NOFILE" },
	[WHY_RECORDS] = { EINVAL,
		"options.rings are too long: give them room for 32768 records together" },

	[WHY_MEMORY_0] = { EINVAL,
		"options.memory is 0, which is no memory here: -1 has it made" },
	[WHY_MEMORY_KIND] = { EINVAL,
		"options.memory is no memfd sealed against shrinking (F_SEAL_SHRINK), "
		"nor a BPF array map: give one, or -1 to have it made" },
	[WHY_MEMORY_ARRAY] = { EINVAL,
		"options.memory is a BPF map, but no array with BPF_F_MMAPABLE and values of "
		"sizeof(struct equic_shared): make it so, or give -1" },
	[WHY_MEMORY_SIZE] = { EINVAL,
		"options.memory is a memfd that is too small: give it "
		"sizeof(struct equic_shared), or -1 to have it made" },
	[WHY_MEMORY_USED] = { EPROTO,
		"options.memory is in use, for it is not all zero: "
		"give each connection its own, or -1" },
	[WHY_MEMORY_MAP] = { 0,
		"options.memory cannot be mapped to be read and written: see errno, and mmap(2)" },
	[WHY_MEMORY_MAKE] = { 0,
		"the shared memory cannot be made: see errno, and memfd_create(2); "
		"for EMFILE raise RLIMIT_NOFILE" },
	[WHY_ROOM] = { ENOMEM,
		"there is no memory left: free some, or raise the limit of the process" },

	[WHY_CIPHER] = { EOPNOTSUPP,
		"the cipher is not one that all senders have: leave all but AES-GCM and "
		"ChaCha20-Poly1305 out of GnuTLS's priorities" },
	[WHY_REWIRED] = { EINVAL,
		"the connection has not the callbacks that equic_share_new() has made: "
		"do not change encrypt and decrypt behind it" },
	[WHY_SHARED] = { EALREADY,
		"the connection is shared already: equic_share_begin() is called once, "
		"where equic_share_new() had no options.events" },
	[WHY_CONN] = { EAGAIN,
		"the share has no connection yet: call equic_share_conn() before" },
	[WHY_CONFIRMED] = { EAGAIN,
		"the handshake is not confirmed yet: begin in handshake_confirmed, "
		"of a server in handshake_completed" },
	[WHY_WRITING] = { EAGAIN,
		"a packet is being written: begin when the call that writes has returned" },
	[WHY_HALF_WRITTEN] = { EAGAIN,
		"a packet is half written (NGTCP2_ERR_WRITE_MORE): write its rest before" },
	[WHY_ENDED] = { ESHUTDOWN,
		"the connection is ending: share the next one" },
};

static _Thread_local const char *words = "";

int refuse(enum why why)
{
	/* Whatever it was that needed room. */
	if (!reasons[why].err && errno == ENOMEM)
		why = WHY_ROOM;
	if (reasons[why].err)
		errno = reasons[why].err;
	words = reasons[why].words;
	return -1;
}

const char *equic_share_strerror(void)
{
	return words;
}
