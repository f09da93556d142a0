// SPDX-License-Identifier: GPL-2.0-only
/* What needs no kernel: names, addresses as text, the queue, the set of ids. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "equic.h"
#include "expect.h"
#include "idset.h"
#include "queue.h"

static void key_round_trip(const char *text, const char *want)
{
	char buf[EQUIC_ADDR_TEXT] = "";
	struct equic_key key;
	int err = equic_key_parse(text, &key);

	if (!err)
		equic_key_format(&key, buf, sizeof(buf));
	if (err || strcmp(buf, want))
		ktap_diag("\"%s\" gives %d, \"%s\"", text, err, buf);
	ktap_result(!err && !strcmp(buf, want), "service %s is read as %s", text,
		    want);
}

static void key_refused(const char *text, int want)
{
	struct equic_key key;

	expect_eq(equic_key_parse(text, &key), want, "service \"%s\" is refused",
		  text);
}

static void test_keys(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port = htons(443) };
	struct sockaddr_in lo = { .sin_family = AF_INET, .sin_port = htons(7),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct equic_key key;

	key_round_trip("192.0.2.1:443", "192.0.2.1:443");
	key_round_trip("[2001:db8::1]:65535", "[2001:db8::1]:65535");
	key_round_trip("*:1", "*:1");
	key_round_trip("[::ffff:192.0.2.1]:443", "192.0.2.1:443");
	key_refused("", -EINVAL);
	key_refused("443", -EINVAL);
	key_refused("192.0.2.1", -EINVAL);
	key_refused("192.0.2:443", -EINVAL);
	key_refused("192.0.2.256:443", -EINVAL);
	key_refused("2001:db8::1:443", -EINVAL);
	key_refused("[2001:db8::1]443", -EINVAL);
	key_refused("[192.0.2.1]:443", -EINVAL);
	key_refused("example.org:443", -EINVAL);
	key_refused("**:443", -EINVAL);
	key_refused("*:0", -ERANGE);
	key_refused("*:65536", -ERANGE);
	key_refused("*:", -ERANGE);
	key_refused("*:+443", -ERANGE);
	key_refused("*:443 ", -ERANGE);
	key_refused("*:99999999999999999999", -ERANGE);

	equic_key_from_sockaddr((struct sockaddr *)&any, &key);
	ktap_result(key.addr.family == AF_UNSPEC && key.port == 443,
		    "a wildcard socket is the service of any address");
	equic_key_from_sockaddr((struct sockaddr *)&lo, &key);
	ktap_result(key.addr.family == AF_INET && key.port == 7 &&
		    key.addr.v4.s_addr == htonl(INADDR_LOOPBACK),
		    "a bound socket is the service of its address");
}

static void prefix_is(const char *text, int want, const char *want_text)
{
	char buf[EQUIC_ADDR_TEXT] = "";
	struct equic_prefix prefix;
	int err = equic_prefix_parse(text, &prefix);

	if (!err)
		equic_prefix_format(&prefix, buf, sizeof(buf));
	if (err != want || strcmp(buf, want_text))
		ktap_diag("gives %d, \"%s\"", err, buf);
	ktap_result(err == want && !strcmp(buf, want_text),
		    "prefix \"%s\" gives %d \"%s\"", text, want, want_text);
}

static void test_prefixes(void)
{
	prefix_is("192.0.2.0/24", 0, "192.0.2.0/24");
	prefix_is("192.0.2.1", 0, "192.0.2.1");
	prefix_is("192.0.2.1/32", 0, "192.0.2.1");
	prefix_is("0.0.0.0/0", 0, "0.0.0.0/0");
	prefix_is("2001:db8::/32", 0, "2001:db8::/32");
	prefix_is("::ffff:192.0.2.0/120", 0, "192.0.2.0/24");
	prefix_is("192.0.2.1/24", -EDOM, "");
	prefix_is("192.0.2.0/33", -ERANGE, "");
	prefix_is("2001:db8::/129", -ERANGE, "");
	prefix_is("192.0.2.0/", -ERANGE, "");
	prefix_is("192.0.2/24", -EINVAL, "");
	prefix_is("", -EINVAL, "");
}

static void test_names(void)
{
	unsigned int i;
	bool all = true;

	for (i = 1; i < __EQUIC_DROP_MAX; i++)
		all &= equic_drop_name(i) != NULL;
	for (i = 1; i < __EQUIC_A_PASS_MAX; i++)
		all &= equic_pass_name(i) != NULL;
	for (i = EQUIC_EVENT_OVER_QUOTA; i <= EQUIC_EVENT_POLICY; i++)
		all &= equic_event_name(i) != NULL;
	for (i = EQUIC_IDLE_NO_QUOTA; i <= EQUIC_IDLE_PERCENT; i <<= 1)
		all &= equic_idle_name(i) != NULL;
	ktap_result(all, "every reason, event and flag has a name");
	ktap_result(!equic_drop_name(0) && !equic_drop_name(__EQUIC_DROP_MAX) &&
		    !equic_pass_name(1000) && !equic_mode_name(3) &&
		    !equic_event_name(0) && !equic_idle_name(3),
		    "what does not exist has none");
	expect_text(equic_drop_name(EQUIC_DROP_ZERO_RTT), "zero_rtt",
		    "names are those of the JSON output");
}

/* Against the plainest model there is: one flag for each number. */
static void test_idset(void)
{
	enum { N = 4096, ROUNDS = 200000 };
	static bool model[N + 1];
	struct idset set = { NULL };
	unsigned int used = 0, i, id;
	bool same = true;

	srandom(1);
	for (i = 0; i < ROUNDS; i++) {
		id = 1 + random() % N;
		if (random() & 1) {
			used += !model[id];
			model[id] = true;
			same &= !idset_add(&set, id);
		} else {
			used -= model[id];
			model[id] = false;
			idset_del(&set, id);
		}
		id = 1 + random() % N;
		same &= idset_has(&set, id) == model[id] && set.used == used;
	}
	for (id = 1; id <= N; id++)
		same &= idset_has(&set, id) == model[id];
	ktap_result(same, "the set of ids holds what a model holds, %d rounds",
		    ROUNDS);

	idset_free(&set);
	idset_add(&set, UINT32_MAX);
	idset_add(&set, 1);
	set.next = UINT32_MAX - 2;
	expect_eq(idset_choose(&set), UINT32_MAX - 1, "ids are chosen in order");
	expect_eq(idset_choose(&set), 2,
		  "past the last id comes the first that is not live, never 0");
	idset_free(&set);
}

static uint32_t queued(struct queue *q, uint32_t *seq)
{
	struct {
		struct nlmsghdr nlh;
		char data[100];
	} msg = { .nlh.nlmsg_len = NLMSG_HDRLEN + random() % 100,
		  .nlh.nlmsg_seq = ++*seq };

	if (*seq % 10 == 0)
		msg.nlh.nlmsg_flags = NLM_F_ACK;
	return queue_add(q, &msg.nlh) ? 0 : 1;
}

static void test_queue(void)
{
	enum { MAX_BYTES = 4096, MAX_ACKS = 8 };
	struct queue q = { NULL };
	uint32_t in = 0, out = 0, count, acks, i;
	bool good = true;
	const void *chunk;
	size_t len;

	while (in < 20000) {
		for (i = random() % 300; i; i--)
			queued(&q, &in);
		if (random() & 1)
			continue;
		chunk = queue_chunk(&q, MAX_BYTES, MAX_ACKS, &len, &count, &acks);
		if (!chunk)
			continue;
		good &= len <= MAX_BYTES && acks <= MAX_ACKS;
		good &= ((const struct nlmsghdr *)chunk)->nlmsg_seq == out + 1;
		out += count;
		queue_advance(&q, len, count);
		good &= q.count == in - out;
	}
	while ((chunk = queue_chunk(&q, MAX_BYTES, MAX_ACKS, &len, &count, &acks))) {
		out += count;
		queue_advance(&q, len, count);
	}
	ktap_result(good && in == out && !q.count,
		    "the queue gives back each message once, in order, in chunks");
	queue_free(&q);
}

static void test_outcomes(void)
{
	struct outcomes o = { NULL };
	struct outcome out;
	uint64_t i;
	bool good = true;

	/* Sequence numbers wrap on the way. */
	for (i = 0; i < 100; i++)
		outcomes_add(&o, UINT32_MAX - 50 + i * 2, i);
	good &= !outcomes_answer(&o, UINT32_MAX - 50 - 1, 0, "", -ENOBUFS);
	good &= outcomes_answer(&o, UINT32_MAX - 50 + 2, -ENOENT, "gone", -ENOBUFS);
	good &= outcomes_answer(&o, UINT32_MAX - 50 + 120, 0, "", -ENOBUFS);
	outcomes_settle(&o, UINT32_MAX - 50 + 130, -EIO, "");
	for (i = 0; outcomes_take(&o, &out); i++) {
		int want = i == 1 ? -ENOENT : i == 60 ? 0 :
			   i > 60 ? -EIO : -ENOBUFS;

		good &= out.cookie == i && out.err == want;
		free(out.text);
	}
	good &= i == 66;
	ktap_result(good,
		    "outcomes come in order; a lost answer is known by a later one");
	outcomes_free(&o);
}

int main(void)
{
	ktap_begin();
	test_keys();
	test_prefixes();
	test_names();
	test_idset();
	test_queue();
	test_outcomes();
	return ktap_end();
}
