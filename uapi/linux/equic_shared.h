/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * equic - the memory that the senders of one QUIC connection share.
 *
 * Three senders may share a connection: the QUIC stack that terminates it, the
 * library beside the stack (userspace/shared), and a second sender that sees
 * nothing of the connection but this memory, its keys and where to send: the
 * kernel, or a process. Each of them changes the words below by atomic
 * instructions alone, and none waits for another.
 *
 * Keys, addresses and connection IDs are never in it. That no packet number is used
 * twice with a key rests on the number word: a sender refuses those that it has used
 * itself, or has been told of, and knows of no others. Who sets the word back may
 * have one sender use a number of another's, which gives both packets away (RFC 5116,
 * 5.1.1); and may stop the connection, and spoil what the second sender sends. So
 * nobody may be let write to the memory who is not trusted with the key.
 *
 * All words are in the byte order of the host.
 */
#ifndef _UAPI_LINUX_EQUIC_SHARED_H
#define _UAPI_LINUX_EQUIC_SHARED_H

#include <linux/const.h>
#include <linux/types.h>

#define EQUIC_SHARED_MAGIC	0x63497165	/* "eqIc" */
#define EQUIC_SHARED_VERSION	1

/* Streams that live at a time; of them, so many wait for the second sender. */
#define EQUIC_SHARED_STREAMS	256
#define EQUIC_SHARED_POOL	16

/*
 * The number word: stop:1 | epoch:15 | next:48. The one source of the
 * connection's 1-RTT packet numbers (RFC 9000, 12.3): a sender takes next by
 * compare-and-exchange of the whole word, and seals with the key of the epoch
 * that the word had. Packet numbers are encoded in four bytes. While stop is set
 * the second sender takes none.
 */
#define EQUIC_NUMBER_STOP		_BITULL(63)
#define EQUIC_NUMBER_EPOCH_SHIFT	48
#define EQUIC_NUMBER_EPOCH_MAX		0x7fffULL
#define EQUIC_NUMBER_NEXT_MASK		(_BITULL(EQUIC_NUMBER_EPOCH_SHIFT) - 1)

/*
 * A stream's word: closed:1 | claimed:1 | generation:14 | end:48. end is the
 * highest offset that was taken by any sender: who sends beyond it moves it first,
 * by compare-and-exchange, and pays for what it grows (RFC 9000, 4.1). closed is
 * set once, and what end is then is the stream's final size: who sends FIN sets it by
 * the exchange that takes the last bytes. The generation
 * changes when a slot gets another stream, so that who comes late fails.
 */
#define EQUIC_STREAM_CLOSED		_BITULL(63)
#define EQUIC_STREAM_CLAIMED		_BITULL(62)
#define EQUIC_STREAM_GENERATION_SHIFT	48
#define EQUIC_STREAM_GENERATION_MASK	0x3fffULL
#define EQUIC_STREAM_END_MASK		(_BITULL(EQUIC_STREAM_GENERATION_SHIFT) - 1)

/**
 * struct equic_shared_stream - a slot for a unidirectional stream
 * @word: as above. 0: the slot is empty. Neither closed nor claimed: the stream
 *	waits for the second sender, who claims it by setting the bit.
 * @id: RFC 9000, 2.1. Constant while the generation is.
 * @max: MAX_STREAM_DATA, the highest offset that the peer allows. It grows.
 * @reserved: 0.
 */
struct equic_shared_stream {
	__u64	word;
	__u64	id;
	__u64	max;
	__u64	reserved;
};

/**
 * struct equic_shared - what the senders of a connection share
 * @magic: %EQUIC_SHARED_MAGIC.
 * @version: %EQUIC_SHARED_VERSION: another one is refused.
 * @streams_max: %EQUIC_SHARED_STREAMS.
 * @size: of this struct, in bytes.
 * @connection: which of its connections this is, for the second sender's records.
 * @payload_max: what a datagram may have behind its UDP header, in bytes.
 * @datagram_max: what a DATAGRAM frame may have, its type and length field included
 *	(max_datagram_frame_size of the peer, RFC 9221, 3), in bytes. 0: the peer
 *	takes none.
 * @reserved: 0, as all of that name.
 * @number: the number word.
 * @budget: bytes, UDP payloads, that may be sent now: a sender takes the packet's
 *	size when this is above 0, so that it is overrun by a packet at most. Only
 *	the library adds to it, as packets are acknowledged or lost (RFC 9002, 7):
 *	when that hangs, all come to rest.
 * @refused: grows whenever the second sender wants to send and there is no budget: it
 *	gets half of what becomes free while the endpoint wants it, too.
 * @data: bytes of stream data that were taken on all streams, by all senders.
 * @data_max: MAX_DATA, how many the peer allows. It grows.
 * @heartbeat: grows whenever the library has looked at the second sender.
 * @streams: in no order.
 */
struct equic_shared {
	__u32	magic;
	__u16	version;
	__u16	streams_max;
	__u32	size;
	__u32	connection;
	__u32	payload_max;
	__u32	datagram_max;
	__u32	reserved[10];

	/* Each behind is alone in its cache line: all CPUs write to them. */
	__u64	number;
	__u64	reserved_number[7];
	__s64	budget;
	__u64	refused;
	__u64	reserved_budget[6];
	__u64	data;
	__u64	data_max;
	__u64	reserved_data[6];
	__u64	heartbeat;
	__u64	reserved_heartbeat[7];

	struct equic_shared_stream streams[EQUIC_SHARED_STREAMS];
};

/**
 * enum equic_record_kind - what a packet of the second sender holds, beside PADDING
 * @EQUIC_RECORD_VOID: nothing, always with %EQUIC_RECORD_UNSENT.
 * @EQUIC_RECORD_DATAGRAM: a DATAGRAM frame (RFC 9221). Never sent again.
 * @EQUIC_RECORD_STREAM: a STREAM frame. The library sends again what is lost.
 */
enum equic_record_kind {
	EQUIC_RECORD_VOID,
	EQUIC_RECORD_DATAGRAM,
	EQUIC_RECORD_STREAM,
};

/* The STREAM frame has FIN: offset + len is the stream's final size. */
#define EQUIC_RECORD_FIN	_BITUL(0)
/* It will not be sent. Bytes of a stream that were taken are the library's to send. */
#define EQUIC_RECORD_UNSENT	_BITUL(1)

/* In place of a number that was not taken: of what was not sent. */
#define EQUIC_RECORD_NO_NUMBER	(~0ULL)

/**
 * struct equic_record - what the second sender says of a packet before it is sent
 * @number: its number word, without stop: the epoch and the packet number; or
 *	%EQUIC_RECORD_NO_NUMBER.
 * @sent_ns: CLOCK_MONOTONIC.
 * @connection: of struct equic_shared.
 * @size: of the UDP payload, in bytes.
 * @kind: enum equic_record_kind.
 * @flags: %EQUIC_RECORD_FIN, %EQUIC_RECORD_UNSENT.
 * @slot: of a STREAM frame: which of the streams.
 * @generation: and its generation.
 * @len: bytes of data in the frame.
 * @offset: of a STREAM frame.
 * @cookie: the second sender's own: the library hands it on with what became of
 *	the packet.
 *
 * Records are in a ring of the layout of BPF_MAP_TYPE_RINGBUF, one ring for each
 * thread (or CPU) that sends. The order for a packet: reserve its record, take from
 * the budget, from the credit of the stream and of the connection, take the number,
 * seal, submit the record, send. Without room for a record nothing is sent. So an
 * acknowledged number has its record, and what was sent is known to the library
 * although the sender be killed at any point.
 */
struct equic_record {
	__u64	number;
	__u64	sent_ns;
	__u32	connection;
	__u16	size;
	__u8	kind;
	__u8	flags;
	__u16	slot;
	__u16	generation;
	__u32	len;
	__u64	offset;
	__u64	cookie;
};

#endif /* _UAPI_LINUX_EQUIC_SHARED_H */
