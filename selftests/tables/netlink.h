/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink by hand: the tests also send what no library would build.
 */
#ifndef EQUIC_SELFTESTS_NETLINK_H
#define EQUIC_SELFTESTS_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/types.h>
#include <netinet/in.h>

enum {
	NLM_MAX		= 4096,
	NL_WORDS_MAX	= 256,
};

/**
 * struct nl - a socket to the family
 * @fd: the socket, or a stream to a process that has it
 * @portid: the socket's address
 * @seq: of the last request
 * @words: what the last request's extended ack said, "" when nothing
 * @missing: the attribute it named as missing, 0 when none
 * @interrupted: the last dump was (NLM_F_DUMP_INTR)
 * @pid: of the process that has the socket, 0 when it is this one
 */
struct nl {
	int	fd;
	__u32	portid;
	__u32	seq;
	char	words[NL_WORDS_MAX];
	int	missing;
	bool	interrupted;
	int	pid;
};

/**
 * struct nlm - a message in the making
 * @bytes: it, as it goes to the kernel
 * @len: bytes of it
 */
struct nlm {
	union {
		struct nlmsghdr	hdr;
		__u8		bytes[NLM_MAX];
	};
	size_t	len;
};

/**
 * nl_open - open a socket to the family; bails out when there is none
 * @nl: receives it
 */
void nl_open(struct nl *nl);

/**
 * nl_open_portid - the same, at an address of one's own choice
 * @nl: receives it
 * @portid: the address; 0 lets the kernel choose
 *
 * Return: 0 or -errno.
 */
int nl_open_portid(struct nl *nl, __u32 portid);

/**
 * nl_open_process - the same, in a process of its own, to be killed
 * @nl: receives it
 */
void nl_open_process(struct nl *nl);

/**
 * nl_close - close it, and kill -9 the process that has it
 * @nl: it
 */
void nl_close(struct nl *nl);

/**
 * nl_family - the number of the family
 *
 * Return: it, or a negative number when the module is not there.
 */
int nl_family(void);

void nlm_begin(struct nlm *m, int cmd, int flags);
void nlm_put(struct nlm *m, int type, const void *data, size_t len);
void nlm_put_u8(struct nlm *m, int type, __u8 value);
void nlm_put_u16(struct nlm *m, int type, __u16 value);
void nlm_put_u32(struct nlm *m, int type, __u32 value);
/* An address: attribute @type4 when it is v4-mapped, else @type6. */
void nlm_put_addr(struct nlm *m, int type4, int type6,
		  const struct in6_addr *addr);
size_t nlm_nest(struct nlm *m, int type);
void nlm_end(struct nlm *m, size_t nest);

/**
 * nl_do - send a request and wait for its acknowledgement
 * @nl: the socket
 * @m: the request; its length and sequence number are filled in here
 * @reply: receives the message that came before the acknowledgement; or NULL
 *
 * Return: 0 or the -errno that the kernel answered.
 */
int nl_do(struct nl *nl, struct nlm *m, struct nlm *reply);

/**
 * nl_send_raw - send bytes that need not be a message
 * @nl: the socket
 * @bytes: them
 * @len: how many
 *
 * Return: 0 or -errno of the system call.
 */
int nl_send_raw(struct nl *nl, const void *bytes, size_t len);

/**
 * nl_dump - send a dump request
 * @nl: the socket
 * @m: the request
 * @each: is called for every message, with its attributes
 * @arg: passed to it
 *
 * Return: 0 or -errno.
 */
int nl_dump(struct nl *nl, struct nlm *m,
	    void (*each)(const struct nlattr *attrs, size_t len, void *arg),
	    void *arg);

/**
 * nl_join_events - have the socket receive the family's events
 * @nl: the socket, one that sends no requests
 *
 * Return: 0 or -errno.
 */
int nl_join_events(struct nl *nl);

/* The attributes of a message that nl_do() replied. */
const struct nlattr *nlm_attrs(const struct nlm *m);
size_t nlm_attrs_len(const struct nlm *m);

/* attrs[type] = attribute, for the types 0 … max. */
void nla_table(const struct nlattr **table, int max, const struct nlattr *attrs,
	       size_t len);
const void *nla_bytes(const struct nlattr *attr);
size_t nla_bytes_len(const struct nlattr *attr);
/* Of 1, 2, 4 or 8 bytes; 0 for an attribute that is not there. */
__u64 nla_number(const struct nlattr *attr);

#define nla_each(attr, attrs, len)					\
	for (attr = (attrs);						\
	     (const char *)attr + NLA_HDRLEN <=				\
		(const char *)(attrs) + (len) &&			\
	     attr->nla_len >= NLA_HDRLEN;				\
	     attr = (const void *)((const char *)attr +			\
				   NLA_ALIGN(attr->nla_len)))

#endif /* EQUIC_SELFTESTS_NETLINK_H */
