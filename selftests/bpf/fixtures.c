// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser's specification by example. Every malformation stands beside its
 * neighbour that is in order.
 */
#include <netinet/in.h>
#include <string.h>
#include "fixtures.h"

enum {
	HOPOPTS = 0, ROUTING = 43, FRAGMENT = 44, AH = 51, DSTOPTS = 60,
	MOBILITY = 135, HIP = 139, SHIM6 = 140, ESP = 50, NONE = 59, ICMP6 = 58,
};

/* A client's first Initial, as ngtcp2 sends it. */
#define FIRST(v) INITIAL(.version = (v), .dcid_len = 18, .scid_len = 17, \
			 .payload = 300)
/* Small packets, for those whose datagram's length does not matter. */
#define HS(v) HANDSHAKE(.version = (v), .dcid_len = 8, .scid_len = 8, \
			.payload = 40)
#define EARLY(v) ZERO_RTT(.version = (v), .dcid_len = 8, .scid_len = 8, \
			  .payload = 40)
#define ONE_RTT SHORT(.dcid_len = 8, .payload = 30)

#define IS(t, ...) .outcome = DECIDED, .type = EQUIC_PKT_ ## t, ## __VA_ARGS__
#define FULL .payload = 1200

const struct fixture fixtures[] = {
	/* Link and IP layers: where the datagram is. */
	{ "IPv4 is parsed",
	  { .quic = { FIRST(V1) }, FULL }, IS(INITIAL, .cids = 1) },
	{ "IPv6 is parsed",
	  { .ip6 = true, .quic = { FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "a port without a service costs one question",
	  { .dport = 444, .quic = { FIRST(V1) }, FULL }, .outcome = FOREIGN },
	{ "a port without a service, IPv6",
	  { .dport = 444, .ip6 = true, .quic = { FIRST(V1) }, FULL }, .outcome = FOREIGN },
	{ "TCP is none of our business",
	  { .proto = IPPROTO_TCP, .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "TCP over IPv6 is none of our business",
	  { .proto = IPPROTO_TCP, .ip6 = true, .quic = { FIRST(V1) }, FULL },
	  .outcome = UNSEEN },
	{ "ARP is none of our business",
	  { .ethertype = 0x0806, .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "one VLAN tag",
	  { .vlan = 1, .quic = { FIRST(V1) }, FULL }, IS(INITIAL, .cids = 1) },
	{ "two VLAN tags",
	  { .vlan = 2, .quic = { FIRST(V1) }, FULL }, IS(INITIAL, .cids = 1) },
	{ "two VLAN tags, IPv6",
	  { .vlan = 2, .ip6 = true, .quic = { FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "three VLAN tags are not looked behind",
	  { .vlan = 3, .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "four bytes of IPv4 options",
	  { .options = 4, .quic = { FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "forty bytes of IPv4 options",
	  { .options = 40, .quic = { FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "an IPv4 header shorter than 20 bytes",
	  { .options = -4, .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "IPv6 behind IPv4's EtherType",
	  { .ip_version = 6, .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "IPv4 behind IPv6's EtherType",
	  { .ip6 = true, .ip_version = 4, .quic = { FIRST(V1) }, FULL },
	  .outcome = UNSEEN },
	{ "a v4-mapped IPv6 source is handed over as it is",
	  { .ip6 = true, .mapped = true, .quic = { FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 1) },

	/* Lengths: UDP's within IP's within the packet. */
	{ "bytes behind the IP packet do not count: Initial too small",
	  { .quic = { FIRST(V1) }, .payload = 1199, .tail = 100 },
	  IS(SMALL_INITIAL) },
	{ "bytes behind the IP packet do not matter: Initial large enough",
	  { .quic = { FIRST(V1) }, FULL, .tail = 100 },
	  IS(INITIAL, .cids = 1) },
	{ "bytes behind the UDP datagram do not count",
	  { .quic = { FIRST(V1) }, FULL, .udp_len_error = -1 },
	  IS(SMALL_INITIAL) },
	{ "bytes behind the UDP datagram do not count, IPv6",
	  { .ip6 = true, .quic = { FIRST(V1) }, FULL, .udp_len_error = -1 },
	  IS(SMALL_INITIAL) },
	{ "a UDP length beyond the IP packet proves nothing",
	  { .quic = { FIRST(V1) }, FULL, .udp_len_error = 1, .tail = 10 },
	  .outcome = UNSEEN },
	{ "a UDP length beyond the IP packet proves nothing, IPv6",
	  { .ip6 = true, .quic = { FIRST(V1) }, FULL, .udp_len_error = 1,
	    .tail = 10 }, .outcome = UNSEEN },
	{ "an IP length beyond the packet proves nothing",
	  { .quic = { FIRST(V1) }, FULL, .ip_len_error = 1 }, .outcome = UNSEEN },
	{ "an IP length beyond the packet proves nothing, IPv6",
	  { .ip6 = true, .quic = { FIRST(V1) }, FULL, .ip_len_error = 1 },
	  .outcome = UNSEEN },
	{ "a packet cut by one byte proves nothing",
	  { .quic = { FIRST(V1) }, FULL, .cut = 1 }, .outcome = UNSEEN },
	{ "an IP length without room for UDP",
	  { .quic = { ONE_RTT }, .ip_len_error = -39 - 1 }, .outcome = UNSEEN },
	{ "UDP length 8: no payload",
	  { .quic = { ONE_RTT }, .udp_len_error = -39 }, .outcome = UNSEEN },
	{ "UDP length 9: a payload of one byte",
	  { .quic = { ONE_RTT }, .udp_len_error = -38 }, IS(SHORT) },
	{ "UDP length 7 is none",
	  { .quic = { ONE_RTT }, .udp_len_error = -40 }, .outcome = UNSEEN },
	{ "UDP length 0 is none",
	  { .ip6 = true, .quic = { ONE_RTT }, .udp_len_error = -47 }, .outcome = UNSEEN },

	/* IPv4 fragments. */
	{ "a first IPv4 fragment",
	  { .frag = IP4_MF, .quic = { FIRST(V1) }, FULL }, IS(FRAGMENT) },
	{ "a first IPv4 fragment whose UDP length is the datagram's",
	  { .frag = IP4_MF, .quic = { FIRST(V1) }, .udp_len_error = 2000 },
	  IS(FRAGMENT) },
	{ "a first IPv4 fragment of another port",
	  { .frag = IP4_MF, .dport = 444, .quic = { FIRST(V1) } }, .outcome = FOREIGN },
	{ "a first IPv4 fragment without a whole UDP header",
	  { .frag = IP4_MF, .quic = { ONE_RTT }, .ip_len_error = -40 },
	  .outcome = UNSEEN },
	{ "a later IPv4 fragment",
	  { .frag = 1, .quic = { FIRST(V1) } }, IS(LATER_FRAGMENT) },
	{ "a middle IPv4 fragment",
	  { .frag = IP4_MF | 185, .quic = { FIRST(V1) } }, IS(LATER_FRAGMENT) },
	{ "a later IPv4 fragment of TCP",
	  { .frag = 1, .proto = IPPROTO_TCP, .quic = { FIRST(V1) } }, .outcome = UNSEEN },
	{ "don't-fragment is no fragment",
	  { .frag = 0x4000, .quic = { FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 1) },

	/* IPv6 extension headers and fragments. */
#define IP6(...) { .ip6 = true, .ext = { __VA_ARGS__ }, \
		   .quic = { FIRST(V1) }, FULL }
	{ "hop-by-hop options", IP6({ HOPOPTS, 1 }), IS(INITIAL, .cids = 1) },
	{ "destination options", IP6({ DSTOPTS, 0 }), IS(INITIAL, .cids = 1) },
	{ "destination options of 2048 bytes",
	  IP6({ DSTOPTS, 255 }), IS(INITIAL, .cids = 1) },
	{ "a routing header at its last segment",
	  IP6({ ROUTING, 2 }), IS(INITIAL, .cids = 1) },
	{ "a routing header with segments left: another destination",
	  IP6({ ROUTING, 2, .segments_left = 1 }), .outcome = UNSEEN },
	{ "an authentication header counts in words of four bytes",
	  IP6({ AH, 4 }), IS(INITIAL, .cids = 1) },
	{ "a mobility header", IP6({ MOBILITY, 1 }), IS(INITIAL, .cids = 1) },
	{ "a HIP header", IP6({ HIP, 4 }), IS(INITIAL, .cids = 1) },
	{ "a Shim6 header", IP6({ SHIM6, 0 }), IS(INITIAL, .cids = 1) },
	{ "what ESP hides is not guessed", IP6({ ESP, 1 }), .outcome = UNSEEN },
	{ "nothing follows no next header", IP6({ NONE, 1 }), .outcome = UNSEEN },
	{ "another protocol behind an extension header",
	  { .ip6 = true, .ext = { { DSTOPTS, 0 } }, .proto = ICMP6,
	    .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "all kinds of extension headers",
	  IP6({ HOPOPTS, 1 }, { DSTOPTS, 3 }, { ROUTING, 2 }, { FRAGMENT },
	      { AH, 4 }, { DSTOPTS, 0 }), IS(INITIAL, .cids = 1) },
#define EIGHT { HOPOPTS, 1 }, { DSTOPTS }, { DSTOPTS, 1 }, { DSTOPTS, 2 }, \
	{ DSTOPTS }, { DSTOPTS }, { DSTOPTS }, { DSTOPTS, 1 }
	{ "eight extension headers are walked",
	  IP6(EIGHT), IS(INITIAL, .cids = 1) },
	{ "nine extension headers are not", IP6(EIGHT, { DSTOPTS }),
	  IS(EXT_HEADERS) },
	{ "eight extension headers and no UDP",
	  { .ip6 = true, .ext = { EIGHT }, .proto = IPPROTO_TCP,
	    .quic = { FIRST(V1) }, FULL }, .outcome = UNSEEN },
	{ "an extension header that ends beyond the IP packet",
	  { .ip6 = true, .ext = { { DSTOPTS, 0 } }, .quic = { ONE_RTT },
	    .ip_len_error = -47 - 4, .tail = 20 }, .outcome = UNSEEN },
	{ "an atomic IPv6 fragment is whole (RFC 6946)",
	  IP6({ FRAGMENT }), IS(INITIAL, .cids = 1) },
	{ "the reserved bits of a fragment header mean nothing",
	  IP6({ FRAGMENT, .frag = 6 }), IS(INITIAL, .cids = 1) },
	{ "the reserved byte of a fragment header is no length",
	  IP6({ FRAGMENT, .len = 9 }), IS(INITIAL, .cids = 1) },
	{ "a first IPv6 fragment", IP6({ FRAGMENT, .frag = IP6_MF }),
	  IS(FRAGMENT) },
	{ "a first IPv6 fragment whose UDP length is the datagram's",
	  { .ip6 = true, .ext = { { FRAGMENT, .frag = IP6_MF } },
	    .quic = { FIRST(V1) }, .udp_len_error = 2000 }, IS(FRAGMENT) },
	{ "a first IPv6 fragment with options behind",
	  IP6({ DSTOPTS }, { FRAGMENT, .frag = IP6_MF }, { DSTOPTS, 1 }),
	  IS(FRAGMENT) },
	{ "a first IPv6 fragment of another port",
	  { .ip6 = true, .ext = { { FRAGMENT, .frag = IP6_MF } }, .dport = 444,
	    .quic = { FIRST(V1) } }, .outcome = FOREIGN },
	{ "a later IPv6 fragment", IP6({ FRAGMENT, .frag = 8 }),
	  IS(LATER_FRAGMENT) },
	{ "a middle IPv6 fragment", IP6({ FRAGMENT, .frag = 1448 | IP6_MF }),
	  IS(LATER_FRAGMENT) },
	{ "a later IPv6 fragment whose header ends beyond the IP packet",
	  { .ip6 = true, .ext = { { FRAGMENT, .frag = 8 } },
	    .quic = { ONE_RTT }, .ip_len_error = -47 - 4, .tail = 20 },
	  .outcome = UNSEEN },
	{ "a later IPv6 fragment of TCP",
	  { .ip6 = true, .ext = { { FRAGMENT, .frag = 8 } },
	    .proto = IPPROTO_TCP, .quic = { FIRST(V1) } }, .outcome = UNSEEN },

	/* Short headers (RFC 8999, section 5.2). */
	{ "a short header", { .quic = { ONE_RTT } }, IS(SHORT) },
	{ "a short header, IPv6", { .ip6 = true, .quic = { ONE_RTT } },
	  IS(SHORT) },
	{ "a short header of a large datagram",
	  { .quic = { SHORT(.dcid_len = 20, .payload = 1400) } }, IS(SHORT) },
	{ "a short header without the fixed bit (RFC 9287)",
	  { .quic = { SHORT(.dcid_len = 8, .payload = 30,
			    .no_fixed_bit = true) } }, IS(SHORT) },
	{ "a payload of one zero byte", { .quic = { BYTES("00") } },
	  IS(SHORT) },

	/* Types of versions 1 and 2 (RFC 9000, 17.2; RFC 9369, 3.2). */
	{ "Initial, version 2", { .quic = { FIRST(V2) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "Initial without the fixed bit (RFC 9287)",
	  { .quic = { INITIAL(.version = V1, .dcid_len = 8, .payload = 300,
			      .no_fixed_bit = true) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "Initial with empty connection IDs",
	  { .quic = { INITIAL(.version = V1, .payload = 300) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "Initial with connection IDs of 20 bytes",
	  { .quic = { INITIAL(.version = V1, .dcid_len = 20, .scid_len = 20,
			      .payload = 300) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "Initial with a token",
	  { .quic = { INITIAL(.version = V1, .dcid_len = 8, .scid_len = 8,
			      .token_len = 100, .payload = 300) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "Initial with a DCID of 1 and an SCID of 3 bytes",
	  { .quic = { INITIAL(.version = V2, .dcid_len = 1, .scid_len = 3,
			      .payload = 300) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "0-RTT", { .quic = { EARLY(V1) } }, IS(ZERO_RTT, .cids = 1) },
	{ "0-RTT, version 2", { .quic = { EARLY(V2) } },
	  IS(ZERO_RTT, .cids = 1) },
	{ "Handshake", { .quic = { HS(V1) } }, IS(HANDSHAKE) },
	{ "Handshake, version 2", { .quic = { HS(V2) } }, IS(HANDSHAKE) },
	{ "Retry comes from servers only",
	  { .quic = { RETRY(.version = V1, .dcid_len = 8, .scid_len = 8,
			    .payload = 40) } }, IS(SERVER_PACKET) },
	{ "Retry comes from servers only, version 2",
	  { .quic = { RETRY(.version = V2, .dcid_len = 8, .scid_len = 8,
			    .payload = 40) } }, IS(SERVER_PACKET) },
	{ "Retry comes from servers only, of the size of an Initial",
	  { .quic = { RETRY(.version = V1, .dcid_len = 8, .scid_len = 8,
			    .payload = 40) }, FULL }, IS(SERVER_PACKET) },
	{ "Retry comes from servers only, of the size of an Initial, version 2",
	  { .quic = { RETRY(.version = V2, .dcid_len = 8, .scid_len = 8,
			    .payload = 40) }, FULL }, IS(SERVER_PACKET) },
	{ "0-RTT of the size of an Initial",
	  { .quic = { EARLY(V1) }, FULL }, IS(ZERO_RTT, .cids = 1) },
	{ "0-RTT of the size of an Initial, version 2",
	  { .quic = { EARLY(V2) }, FULL }, IS(ZERO_RTT, .cids = 1) },
	{ "Initial in 1199 bytes",
	  { .quic = { FIRST(V1) }, .payload = 1199 }, IS(SMALL_INITIAL) },
	{ "Initial in 1200 bytes",
	  { .quic = { FIRST(V1) }, .payload = 1200 }, IS(INITIAL, .cids = 1) },
	{ "Initial in 1199 bytes, version 2",
	  { .ip6 = true, .quic = { FIRST(V2) }, .payload = 1199 },
	  IS(SMALL_INITIAL) },

	/* The invariants (RFC 8999, section 5.1): cut short or not. */
	{ "version 0 comes from servers only",
	  { .quic = { HANDSHAKE(.version = 0, .dcid_len = 8, .scid_len = 8,
				.payload = 8) } }, IS(VERSION_ZERO) },
	{ "version 0 cut behind the version",
	  { .quic = { BYTES("c0 00000000") } }, IS(VERSION_ZERO) },
	{ "another version", { .quic = { HS(0xff00001d) } },
	  IS(UNKNOWN_VERSION) },
	{ "a reserved version to force negotiation",
	  { .quic = { INITIAL(.version = 0x1a2a3a4a, .dcid_len = 8,
			      .payload = 300) }, FULL }, IS(UNKNOWN_VERSION) },
	{ "an unknown version below 1200 bytes",
	  { .quic = { INITIAL(.version = 0x1a2a3a4a, .dcid_len = 8,
			      .payload = 300) } }, IS(UNKNOWN_VERSION) },
	{ "another version with connection IDs of 255 bytes",
	  { .quic = { HANDSHAKE(.version = 0xff00001d, .dcid_len = 255,
				.scid_len = 255, .payload = 8) } },
	  IS(UNKNOWN_VERSION) },
	{ "another version cut in a connection ID of 255 bytes",
	  { .quic = { HANDSHAKE(.version = 0xff00001d, .dcid_len = 255,
				.scid_len = 255, .payload = 8) },
	    .cut_payload = 516 }, IS(TRUNCATED) },
	{ "another version cut right behind the connection IDs",
	  { .quic = { HANDSHAKE(.version = 0xff00001d, .dcid_len = 255,
				.scid_len = 255, .payload = 8) },
	    .cut_payload = 517 }, IS(UNKNOWN_VERSION) },
	{ "a long header of one byte", { .quic = { BYTES("c0") } },
	  IS(TRUNCATED) },
	{ "a long header of four bytes", { .quic = { BYTES("c0000000") } },
	  IS(TRUNCATED) },
	{ "a long header cut behind the version",
	  { .quic = { BYTES("c000000001") } }, IS(TRUNCATED) },
	{ "a long header cut in the DCID", { .quic = { HS(V1) },
	  .cut_payload = 13 }, IS(TRUNCATED) },
	{ "a long header cut behind the DCID", { .quic = { HS(V1) },
	  .cut_payload = 14 }, IS(TRUNCATED) },
	{ "a long header cut behind the SCID's length", { .quic = { HS(V1) },
	  .cut_payload = 15 }, IS(TRUNCATED) },
	{ "a long header cut in the SCID", { .quic = { HS(V1) },
	  .cut_payload = 22 }, IS(TRUNCATED) },
	{ "a long header cut right behind the SCID", { .quic = { HS(V1) },
	  .cut_payload = 23 }, IS(HANDSHAKE) },
	{ "seven bytes make a long header",
	  { .quic = { BYTES("e0 00000001 00 00") } }, IS(HANDSHAKE) },
	{ "a long header cut by the UDP length only",
	  { .quic = { HS(V1) }, .udp_len_error = -(65 - 22) }, IS(TRUNCATED) },
	{ "a DCID of 21 bytes",
	  { .quic = { INITIAL(.version = V1, .dcid_len = 21, .scid_len = 8,
			      .payload = 300) }, FULL }, IS(CID_LENGTH) },
	{ "an SCID of 21 bytes",
	  { .quic = { INITIAL(.version = V1, .dcid_len = 8, .scid_len = 21,
			      .payload = 300) }, FULL }, IS(CID_LENGTH) },
	{ "a DCID of 21 bytes, version 2",
	  { .quic = { HANDSHAKE(.version = V2, .dcid_len = 21, .scid_len = 8,
				.payload = 300) } }, IS(CID_LENGTH) },
	{ "a DCID of 21 bytes, cut",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 21, .scid_len = 8,
				.payload = 300) }, .cut_payload = 6 },
	  IS(CID_LENGTH) },

	/* Coalesced packets (RFC 9000, section 12.2). */
	{ "0-RTT behind an Initial",
	  { .quic = { FIRST(V1), EARLY(V1) }, FULL }, IS(INITIAL, .cids = 1) },
	{ "an Initial behind 0-RTT",
	  { .quic = { EARLY(V1), FIRST(V1) }, FULL }, IS(INITIAL, .cids = 2) },
	{ "an Initial behind Handshake",
	  { .quic = { HS(V1), INITIAL(.version = V1, .dcid_len = 5,
				      .scid_len = 9, .cid = 3,
				      .payload = 20) }, FULL },
	  IS(INITIAL, .cids = 2) },
	{ "an Initial behind Handshake in 1199 bytes",
	  { .quic = { HS(V1), FIRST(V1) }, .payload = 1199 },
	  IS(SMALL_INITIAL) },
	{ "an Initial of version 2 behind 0-RTT of version 1",
	  { .quic = { EARLY(V1), FIRST(V2) }, FULL }, IS(INITIAL, .cids = 2) },
	{ "two Initials: the first counts",
	  { .quic = { FIRST(V1), INITIAL(.version = V1, .dcid_len = 4,
					 .payload = 20) }, FULL },
	  IS(INITIAL, .cids = 1) },
	{ "an Initial in the fourth place",
	  { .quic = { EARLY(V1), HS(V1), HS(V2), FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 4) },
	{ "an Initial in the fifth place is not looked for",
	  { .quic = { HS(V1), HS(V1), HS(V1), HS(V1), FIRST(V1) }, FULL },
	  IS(HANDSHAKE) },
	{ "0-RTT behind 0-RTT keeps the first one's connection IDs",
	  { .quic = { EARLY(V1), ZERO_RTT(.version = V1, .dcid_len = 4,
					  .cid = 9, .payload = 20) } },
	  IS(ZERO_RTT, .cids = 1) },
	{ "Handshake behind 0-RTT", { .quic = { EARLY(V1), HS(V1) } },
	  IS(ZERO_RTT, .cids = 1) },
	{ "a short header behind Handshake", { .quic = { HS(V1), ONE_RTT } },
	  IS(HANDSHAKE) },
	{ "zeros behind Handshake", { .quic = { HS(V1) }, FULL },
	  IS(HANDSHAKE) },
	{ "a Retry behind Handshake ends the walk, no more",
	  { .quic = { HS(V1), RETRY(.version = V1, .payload = 30), FIRST(V1) },
	    FULL }, IS(HANDSHAKE) },
	{ "version 0 behind Handshake ends the walk, no more",
	  { .quic = { HS(V1), HANDSHAKE(.version = 0), FIRST(V1) }, FULL },
	  IS(HANDSHAKE) },
	{ "another version behind Handshake ends the walk, no more",
	  { .quic = { HS(V1), HS(0xff00001d), FIRST(V1) }, FULL },
	  IS(HANDSHAKE) },
	{ "a long DCID behind Handshake ends the walk, no more",
	  { .quic = { HS(V1), INITIAL(.version = V1, .dcid_len = 21) }, FULL },
	  IS(HANDSHAKE) },
	{ "a header cut short behind Handshake ends the walk, no more",
	  { .quic = { HS(V1), BYTES("c0000000") } }, IS(HANDSHAKE) },
	{ "Length of one byte",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 40,
				.length_size = 1), FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 2) },
	{ "Length of four bytes",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 400,
				.length_size = 4), FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 2) },
	{ "Length of eight bytes",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 400,
				.length_size = 8), FIRST(V1) }, FULL },
	  IS(INITIAL, .cids = 2) },
	{ "Length 0",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8), FIRST(V1) },
	    FULL }, IS(INITIAL, .cids = 2) },
	{ "Length up to the datagram's end",
	  { .quic = { HS(V1) } }, IS(HANDSHAKE) },
	{ "Length beyond the datagram's end",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 40,
				.length_error = 5000), FIRST(V1) }, FULL },
	  IS(HANDSHAKE) },
	{ "Length of 64 KiB and some",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 40,
				.length_size = 4, .length_error = 1 << 16),
		      FIRST(V1) }, FULL }, IS(HANDSHAKE) },
	{ "Length of 16 MiB and some",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 40,
				.length_size = 8, .length_error = 1 << 24),
		      FIRST(V1) }, FULL }, IS(HANDSHAKE) },
	{ "Length of 4 GiB and some",
	  { .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 40,
				.length_size = 8, .length_error = 1LL << 32),
		      FIRST(V1) }, FULL }, IS(HANDSHAKE) },
	{ "an Initial far behind, in another page",
	  { .ip6 = true,
	    .quic = { HANDSHAKE(.version = V1, .dcid_len = 8, .payload = 7000),
		      FIRST(V1) }, FULL }, IS(INITIAL, .cids = 2) },
};

const size_t fixtures_count = sizeof(fixtures) / sizeof(fixtures[0]);

void fixture_pkt(const struct fixture *fixture, const struct built *built,
		 struct bpf_equic_pkt *pkt)
{
	bool ports = fixture->type != EQUIC_PKT_LATER_FRAGMENT &&
		     fixture->type != EQUIC_PKT_EXT_HEADERS;
	int i = fixture->cids - 1;
	__u16 udp_len;

	frame_pkt(&fixture->frame, built, ports, pkt);
	pkt->type = fixture->type;
	if (ports && fixture->type != EQUIC_PKT_FRAGMENT) {
		pkt->payload_off = built->udp + 8;
		memcpy(&udp_len, built->data + built->udp + 4, 2);
		pkt->payload_len = ntohs(udp_len) - 8;
	}
	if (i < 0)
		return;
	pkt->dcid_len = fixture->frame.quic[i].dcid_len;
	pkt->scid_len = fixture->frame.quic[i].scid_len;
	memcpy(pkt->dcid, built->data + built->dcid[i], pkt->dcid_len);
	memcpy(pkt->scid, built->data + built->scid[i], pkt->scid_len);
}

enum equic_drop drop_of_type(enum equic_pkt_type type)
{
	switch (type) {
	case EQUIC_PKT_FRAGMENT:
		return EQUIC_DROP_FRAGMENT;
	case EQUIC_PKT_TRUNCATED:
		return EQUIC_DROP_TRUNCATED;
	case EQUIC_PKT_CID_LENGTH:
		return EQUIC_DROP_CID_LENGTH;
	case EQUIC_PKT_SMALL_INITIAL:
		return EQUIC_DROP_SMALL_INITIAL;
	case EQUIC_PKT_SERVER_PACKET:
		return EQUIC_DROP_SERVER_PACKET;
	case EQUIC_PKT_VERSION_ZERO:
		return EQUIC_DROP_VERSION_ZERO;
	default:
		return EQUIC_DROP_NONE;
	}
}
