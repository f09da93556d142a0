// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for the numbers of the ABI, as in the command's JSON output. */
#include "equic.h"
#include "equic_packet_key.h"

#define NAME(names, i) \
	((i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : NULL)

_Static_assert(__EQUIC_DROP_MAX == 12, "name the new drop reason");
_Static_assert(__EQUIC_A_PASS_MAX == 8, "name the new pass counter");
_Static_assert((int)__EQUIC_A_DROP_MAX == (int)__EQUIC_DROP_MAX,
	       "drop attributes are the reasons");

EQUIC_API const char *equic_drop_name(unsigned int drop)
{
	static const char *const names[] = {
		[EQUIC_DROP_QUOTA] = "quota",
		[EQUIC_DROP_CLIENT_OVER] = "client_over",
		[EQUIC_DROP_ZERO_RTT] = "zero_rtt",
		[EQUIC_DROP_DENIED] = "denied",
		[EQUIC_DROP_OVERFLOW] = "overflow",
		[EQUIC_DROP_FRAGMENT] = "fragment",
		[EQUIC_DROP_TRUNCATED] = "truncated",
		[EQUIC_DROP_CID_LENGTH] = "cid_length",
		[EQUIC_DROP_SMALL_INITIAL] = "small_initial",
		[EQUIC_DROP_SERVER_PACKET] = "server_packet",
		[EQUIC_DROP_VERSION_ZERO] = "version_zero",
	};

	return NAME(names, drop);
}

EQUIC_API const char *equic_pass_name(unsigned int pass)
{
	static const char *const names[] = {
		[EQUIC_A_PASS_BYPASS] = "bypass",
		[EQUIC_A_PASS_SUPER_PACKET] = "super_packet",
		[EQUIC_A_PASS_EXT_HEADERS] = "ext_headers",
		[EQUIC_A_PASS_LATER_FRAGMENT] = "later_fragment",
		[EQUIC_A_PASS_UNKNOWN_VERSION] = "unknown_version",
		[EQUIC_A_PASS_OVERFLOW] = "overflow",
		[EQUIC_A_PASS_NO_MEMORY] = "no_memory",
	};

	return NAME(names, pass);
}

EQUIC_API const char *equic_idle_name(unsigned int flag)
{
	switch (flag) {
	case EQUIC_IDLE_NO_QUOTA:
		return "no_quota";
	case EQUIC_IDLE_MODE_COUNT:
		return "mode_count";
	case EQUIC_IDLE_NO_OWNER:
		return "no_owner";
	case EQUIC_IDLE_BYPASS:
		return "bypass";
	case EQUIC_IDLE_PERCENT:
		return "percent";
	default:
		return NULL;
	}
}

EQUIC_API const char *equic_mode_name(unsigned int mode)
{
	static const char *const names[] = {
		[EQUIC_MODE_NEW] = "new",
		[EQUIC_MODE_ALL] = "all",
		[EQUIC_MODE_COUNT] = "count",
	};

	return NAME(names, mode);
}

EQUIC_API const char *equic_no_owner_name(unsigned int no_owner)
{
	static const char *const names[] = {
		[EQUIC_NO_OWNER_COUNT] = "count",
		[EQUIC_NO_OWNER_ENFORCE] = "enforce",
	};

	return NAME(names, no_owner);
}

EQUIC_API const char *equic_default_name(unsigned int deflt)
{
	static const char *const names[] = {
		[EQUIC_DEFAULT_ALLOW] = "allow",
		[EQUIC_DEFAULT_DENY] = "deny",
	};

	return NAME(names, deflt);
}

EQUIC_API const char *equic_on_overflow_name(unsigned int on_overflow)
{
	static const char *const names[] = {
		[EQUIC_ON_OVERFLOW_PASS] = "pass",
		[EQUIC_ON_OVERFLOW_DROP] = "drop",
	};

	return NAME(names, on_overflow);
}

EQUIC_API const char *equic_conn_state_name(unsigned int state)
{
	static const char *const names[] = {
		[EQUIC_CONN_STATE_PENDING] = "pending",
		[EQUIC_CONN_STATE_OPEN] = "open",
	};

	return NAME(names, state);
}

EQUIC_API const char *equic_event_name(unsigned int event)
{
	static const char *const names[] = {
		[EQUIC_EVENT_OVER_QUOTA] = "over_quota",
		[EQUIC_EVENT_UNDER_QUOTA] = "under_quota",
		[EQUIC_EVENT_OWNER_GONE] = "owner_gone",
		[EQUIC_EVENT_NO_REPORTER] = "no_reporter",
		[EQUIC_EVENT_OVERFLOW] = "overflow",
		[EQUIC_EVENT_POLICY] = "policy",
		[EQUIC_EVENT_KEY_UPDATED] = "key_updated",
		[EQUIC_EVENT_KEY_LIMIT] = "key_limit",
		[EQUIC_EVENT_KEY_SPENT] = "key_spent",
	};

	return NAME(names, event);
}

EQUIC_API const char *equic_cipher_name(unsigned int cipher)
{
	static const char *const names[] = {
		[EQUIC_CIPHER_AES_128_GCM] = "aes-128-gcm",
		[EQUIC_CIPHER_AES_256_GCM] = "aes-256-gcm",
		[EQUIC_CIPHER_CHACHA20_POLY1305] = "chacha20-poly1305",
	};

	return NAME(names, cipher);
}

EQUIC_API const char *equic_level_name(unsigned int level)
{
	static const char *const names[] = {
		[EQUIC_LEVEL_INITIAL] = "initial",
		[EQUIC_LEVEL_ZERO_RTT] = "0-rtt",
		[EQUIC_LEVEL_HANDSHAKE] = "handshake",
		[EQUIC_LEVEL_ONE_RTT] = "1-rtt",
	};

	return NAME(names, level);
}

EQUIC_API const char *equic_key_use_name(unsigned int use)
{
	static const char *const names[] = {
		[EQUIC_KEY_USE_OPEN] = "open",
		[EQUIC_KEY_USE_SEAL] = "seal",
	};

	return NAME(names, use);
}

EQUIC_API const char *equic_xdp_mode_name(unsigned int mode)
{
	static const char *const names[] = {
		[EQUIC_XDP_AUTO] = "auto",
		[EQUIC_XDP_NATIVE] = "native",
		[EQUIC_XDP_GENERIC] = "generic",
	};

	return NAME(names, mode);
}
