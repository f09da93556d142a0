/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A generic netlink socket to the module. */
#ifndef EQUIC_LIB_CHANNEL_H
#define EQUIC_LIB_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

struct equic;

/* The family as the kernel knows it now. */
struct family {
	uint16_t id;		/* 0: the module is not loaded */
	uint32_t events;	/* the group's number */
};

struct channel {
	struct nl_sock *sk;	/* NULL: not open */
	int fd;
	bool adopted;		/* from a passed descriptor */
	struct family family;	/* as last seen */
	uint32_t seq;
};

/* What an answer from the kernel says. @text is "" or the kernel's words. */
struct answer {
	int err;
	uint32_t seq;
	uint8_t cmd;		/* of the request; 0 for an acknowledgement */
	char text[256];
};

int channel_open(struct equic *eq, struct channel *ch);

/* Use a copy of a descriptor from elsewhere. */
int channel_adopt(struct channel *ch, int fd);

void channel_close(struct channel *ch);

/*
 * Look the family up, without making the kernel load the module (asking for it
 * by name would). 0, also when it is not there; never waits for anybody.
 */
int channel_resolve(struct channel *ch);

/*
 * Take in a message of "nlctrl", answer or notification. True: it told whether
 * the family is there, and @ch->family is what it said.
 */
bool channel_family_news(struct channel *ch, struct nlmsghdr *nlh);

/* A request for @cmd of the family; NULL: no memory. */
struct nl_msg *channel_msg(struct channel *ch, uint8_t cmd, int flags);

/* Read an NLMSG_ERROR or NLMSG_DONE. */
void answer_parse(struct nlmsghdr *nlh, struct answer *ans);

/*
 * Make requests, @on a channel or with the handle's management channel; called
 * with its lock. @build adds attributes and returns 0 or −errno; with @secret they
 * are wiped when they were sent. @each gets each message that answers; other than
 * 0 ends the request, and is returned. Either may be NULL.
 *
 * With @dump, -EAGAIN says that the table changed meanwhile, after @each got
 * what was there.
 */
struct request {
	uint8_t cmd;
	bool dump;
	bool secret;
	struct channel *on;
	int (*build)(struct nl_msg *msg, const void *arg);
	const void *build_arg;
	int (*each)(struct nlmsghdr *nlh, void *arg);
	void *each_arg;
};

int channel_request(struct equic *eq, const struct request *req);

#endif /* EQUIC_LIB_CHANNEL_H */
