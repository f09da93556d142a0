// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw mode: first Initials of connections that go no further. They are real
 * ones, made by ngtcp2 and GnuTLS, each with DCID, SCID and ClientHello of its
 * own. All are made before the first is sent. With a duration they are sent
 * again and again, each time from another port: a new connection each time.
 * Many are needed for that, so they share one ClientHello, but for the SCID that
 * is in it: that makes them several times cheaper.
 */
#include <errno.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../net/clock.h"
#include "client.h"

enum {
	BEHIND_MS_MAX = 200,
	RATE_MAX = 1000000,
	MS_PER_S = 1000,
};

struct initial {
	struct socket *socket;
	size_t len;
	uint8_t data[UDP_TX_BYTES];
};

struct sender {
	pthread_t thread;
	struct raw *raw;
	uint32_t index;
	uint64_t (*tallies)[TALLIES];	/* by source */
};

struct raw {
	struct load *load;
	struct initial *initials;
	struct hello *hello;	/* with a duration */
	struct socket **shared;
	pthread_barrier_t barrier;
	struct sender *senders;
};

/* A ClientHello to be shared. */
struct hello {
	size_t len;
	size_t scid_at;		/* in its transport parameters */
	uint8_t data[UDP_TX_BYTES];
};

/* What the callbacks of a connection in the making need. */
struct maker {
	ngtcp2_conn *quic;
	ngtcp2_cid scid;
	ngtcp2_crypto_conn_ref ref;
	struct hello *hello;		/* NULL: the connection has its own */
};

static void on_rand(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	random_bytes(dest, len);
}

static int on_new_cid(ngtcp2_conn *quic, ngtcp2_cid *cid, uint8_t *token,
		      size_t len, void *user)
{
	(void)quic;
	(void)user;
	cid->datalen = len;
	random_bytes(cid->data, len);
	random_bytes(token, NGTCP2_STATELESS_RESET_TOKENLEN);
	return 0;
}

static ngtcp2_conn *conn_of_ref(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct maker *)ref->user_data)->quic;
}

static int on_client_initial(ngtcp2_conn *quic, void *user)
{
	ngtcp2_pkt_hd hd = { .scid = *ngtcp2_conn_get_dcid(quic) };
	const struct maker *maker = user;
	struct hello *hello = maker->hello;

	if (!hello)
		return ngtcp2_crypto_client_initial_cb(quic, user);
	memcpy(hello->data + hello->scid_at, maker->scid.data,
	       CLIENT_CID_BYTES);
	/*
	 * Without TLS there are only the keys to install. For that alone there
	 * is no function but the one that does it again after a Retry.
	 */
	if (ngtcp2_crypto_recv_retry_cb(quic, &hd, user) ||
	    ngtcp2_conn_submit_crypto_data(quic,
					   NGTCP2_ENCRYPTION_LEVEL_INITIAL,
					   hello->data, hello->len))
		return NGTCP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = on_client_initial,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	.rand = on_rand,
	.get_new_connection_id = on_new_cid,
};

static int make_conn(struct maker *maker, const struct load *load,
		     const ngtcp2_path *path)
{
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_cid dcid;

	maker->ref = (ngtcp2_crypto_conn_ref){ conn_of_ref, maker };
	ngtcp2_settings_default(&settings);
	settings.initial_ts = clock_ns();
	ngtcp2_transport_params_default(&params);
	params.initial_max_streams_uni = 3;
	params.initial_max_data = 1 << 16;
	params.initial_max_stream_data_uni = 1 << 16;
	dcid.datalen = CLIENT_DCID_BYTES;
	random_bytes(dcid.data, dcid.datalen);
	maker->scid.datalen = CLIENT_CID_BYTES;
	random_bytes(maker->scid.data, maker->scid.datalen);
	return ngtcp2_conn_client_new(&maker->quic, &dcid, &maker->scid, path,
				      load->options->version, &callbacks,
				      &settings, &params, NULL, maker);
}

static ngtcp2_path path_of(const struct socket *socket, const struct load *load)
{
	const union addr *local = &socket->local;
	const union addr *remote = &load->options->target;

	return (ngtcp2_path){
		.local = { (ngtcp2_sockaddr *)&local->sa, addr_len(local) },
		.remote = { (ngtcp2_sockaddr *)&remote->sa, addr_len(remote) },
	};
}

static int keep_hello(gnutls_session_t tls,
		      gnutls_record_encryption_level_t level,
		      gnutls_handshake_description_t type, const void *data,
		      size_t len)
{
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(tls);
	const struct maker *maker = ref->user_data;
	struct hello *hello = maker->hello;
	const uint8_t *scid = memmem(data, len, maker->scid.data,
				     CLIENT_CID_BYTES);

	(void)level;
	if (type != GNUTLS_HANDSHAKE_CLIENT_HELLO ||
	    len > sizeof(hello->data) || !scid)
		return -1;
	memcpy(hello->data, data, len);
	hello->len = len;
	hello->scid_at = scid - (const uint8_t *)data;
	return 0;
}

static int make_hello(struct hello *hello, const struct socket *socket,
		      const struct load *load)
{
	ngtcp2_path path = path_of(socket, load);
	struct maker maker = { .hello = hello };
	gnutls_session_t tls;

	hello->len = 0;
	if (make_conn(&maker, load, &path))
		return -ENOMEM;
	tls = tls_session_new(&load->tls);
	if (tls) {
		gnutls_session_set_ptr(tls, &maker.ref);
		gnutls_handshake_set_read_function(tls, keep_hello);
		gnutls_handshake(tls);	/* as far as that */
		gnutls_deinit(tls);
	}
	ngtcp2_conn_del(maker.quic);
	return hello->len ? 0 : -EPROTO;
}

static int make_initial(struct initial *initial, const struct load *load,
			struct hello *hello)
{
	ngtcp2_path path = path_of(initial->socket, load);
	struct maker maker = { .hello = hello };
	gnutls_session_t tls = NULL;
	ngtcp2_pkt_info info;
	ngtcp2_ssize n = -1;

	if (make_conn(&maker, load, &path))
		return -ENOMEM;
	if (!hello) {
		tls = tls_session_new(&load->tls);
		if (!tls)
			goto out;
		gnutls_session_set_ptr(tls, &maker.ref);
		ngtcp2_conn_set_tls_native_handle(maker.quic, tls);
	}
	n = ngtcp2_conn_write_pkt(maker.quic, NULL, &info, initial->data,
				  UDP_TX_BYTES, clock_ns());
	if (tls)
		gnutls_deinit(tls);
out:
	ngtcp2_conn_del(maker.quic);
	if (n <= 0)
		return -EPROTO;
	initial->len = n;
	return 0;
}

static struct socket *initial_socket(struct raw *raw, uint32_t source)
{
	struct socket *socket = raw->shared ? raw->shared[source] : NULL;

	if (socket) {
		socket->users++;
		return socket;
	}
	socket = socket_new(raw->load->options, source);
	if (socket && raw->shared) {
		raw->shared[source] = socket;
		socket->users++;
	}
	return socket;
}

static uint32_t source_of(const struct options *options, uint32_t i)
{
	return options->n_sources ? i % options->n_sources : 0;
}

static int make_all(struct raw *raw)
{
	const struct options *options = raw->load->options;
	uint32_t i;

	for (i = 0; i < options->initials; i++) {
		struct initial *initial = &raw->initials[i];
		int ret = 0;

		initial->socket = initial_socket(raw, source_of(options, i));
		if (!initial->socket)
			return -1;
		if (raw->hello && !raw->hello->len)
			ret = make_hello(raw->hello, initial->socket,
					 raw->load);
		if (!ret)
			ret = make_initial(initial, raw->load, raw->hello);
		if (ret) {
			fprintf(stderr, "h3load: making an Initial: %s\n",
				strerror(-ret));
			return -1;
		}
	}
	return 0;
}

static void pin(uint32_t index)
{
	cpu_set_t allowed, one;
	int cpu, skip;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	skip = index % CPU_COUNT(&allowed);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && !skip--)
			break;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

/* Datagrams that go to one socket with one system call. */
struct burst {
	struct socket *socket;
	unsigned int n;
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
};

static void burst_send(struct sender *sender, struct burst *burst)
{
	uint64_t *tallies = sender->tallies[burst->socket->source];
	unsigned int done = 0;
	int i, n;

	while (done < burst->n) {
		n = sendmmsg(burst->socket->fd, burst->msgs + done,
			     burst->n - done, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0) {
			tallies[TALLY_SEND_ERRORS]++;
			done++;
			continue;
		}
		for (i = 0; i < n; i++)
			tallies[TALLY_SENT_BYTES] +=
				burst->msgs[done + i].msg_len;
		tallies[TALLY_SENT_DATAGRAMS] += n;
		done += n;
	}
	burst->n = 0;
}

static void burst_add(struct sender *sender, struct burst *burst,
		      struct initial *initial)
{
	const union addr *target = &sender->raw->load->options->target;
	unsigned int i;

	if (burst->n == UDP_BATCH || burst->socket != initial->socket) {
		if (burst->n)
			burst_send(sender, burst);
		burst->socket = initial->socket;
	}
	i = burst->n++;
	burst->iov[i] = (struct iovec){ initial->data, initial->len };
	burst->msgs[i].msg_hdr = (struct msghdr){
		.msg_name = (void *)&target->sa,
		.msg_namelen = addr_len(target),
		.msg_iov = &burst->iov[i],
		.msg_iovlen = 1,
	};
}

/* Every T-th of them, so that all threads meet at each source. */
static void *send_share(void *arg)
{
	struct sender *sender = arg;
	const struct options *options = sender->raw->load->options;
	struct burst burst = { 0 };
	uint32_t i, k;

	pin(sender->index);
	pthread_barrier_wait(&sender->raw->barrier);
	for (i = sender->index; i < options->initials; i += options->threads) {
		struct initial *initial = &sender->raw->initials[i];

		sender->tallies[initial->socket->source][TALLY_ATTEMPTED]++;
		for (k = 0; k < options->duplicate; k++)
			burst_add(sender, &burst, initial);
	}
	if (burst.n)
		burst_send(sender, &burst);
	return NULL;
}

static int send_all(struct raw *raw)
{
	const struct options *options = raw->load->options;
	uint32_t n_sources = options->n_sources ? options->n_sources : 1;
	uint32_t t, s;
	int k, ret = 0;

	pthread_barrier_init(&raw->barrier, NULL, options->threads + 1);
	for (t = 0; t < options->threads; t++) {
		struct sender *sender = &raw->senders[t];

		sender->raw = raw;
		sender->index = t;
		sender->tallies = calloc(n_sources, sizeof(*sender->tallies));
		if (!sender->tallies ||
		    pthread_create(&sender->thread, NULL, send_share, sender)) {
			/* those that wait at the barrier cannot be called off */
			perror("h3load: thread");
			exit(1);
		}
	}
	raw->load->result.start_ns = clock_ns();
	pthread_barrier_wait(&raw->barrier);
	for (t = 0; t < options->threads; t++) {
		struct sender *sender = &raw->senders[t];

		pthread_join(sender->thread, NULL);
		for (s = 0; s < n_sources; s++)
			for (k = 0; k < TALLIES; k++)
				result_add(&raw->load->result, s, k,
					   sender->tallies[s][k]);
		free(sender->tallies);
	}
	pthread_barrier_destroy(&raw->barrier);
	return ret;
}

static bool told_to_stop(const struct load *load)
{
	struct signalfd_siginfo info;

	return read(load->signals, &info, sizeof(info)) == sizeof(info);
}

static void wait_until(uint64_t ns)
{
	struct timespec until = { ns / NS_PER_S, ns % NS_PER_S };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* The @k-th of an endless row: no Initial leaves one port twice in N rounds. */
static void send_nth(struct raw *raw, uint64_t k)
{
	const struct options *options = raw->load->options;
	struct initial *initial = &raw->initials[k % options->initials];
	uint64_t from = (k + k / options->initials) % options->initials;
	struct socket *socket = raw->initials[from].socket;
	struct result *result = &raw->load->result;

	result_add(result, socket->source, TALLY_ATTEMPTED, 1);
	if (sendto(socket->fd, initial->data, initial->len, 0,
		   &options->target.sa, addr_len(&options->target)) < 0) {
		result_add(result, socket->source, TALLY_SEND_ERRORS, 1);
		return;
	}
	result_add(result, socket->source, TALLY_SENT_DATAGRAMS, 1);
	result_add(result, socket->source, TALLY_SENT_BYTES, initial->len);
}

/*
 * One millisecond's worth after the other. What could not be sent in time is
 * not made up for: the rate is a limit.
 */
static void send_for_a_time(struct raw *raw)
{
	const struct options *options = raw->load->options;
	double rate = options->rate > 0 ? options->rate : RATE_MAX;
	struct result *result = &raw->load->result;
	uint64_t k = 0, tick_ns = clock_ns();
	double due = 0;

	result->start_ns = tick_ns;
	result->last_live_ns = tick_ns;
	while (tick_ns < result->start_ns + options->duration_ns &&
	       !told_to_stop(raw->load)) {
		for (due += rate / MS_PER_S; due >= 1; due--)
			send_nth(raw, k++);
		result_live(result, tick_ns);
		tick_ns += NS_PER_MS;
		wait_until(tick_ns);
		if (clock_ns() > tick_ns + BEHIND_MS_MAX * NS_PER_MS)
			tick_ns = clock_ns();
	}
}

static void receive(struct raw *raw, struct socket *socket)
{
	struct load *load = raw->load;
	int i, n = UDP_BATCH;

	while (n == UDP_BATCH) {
		n = udp_recv(load->rx, socket->fd);
		for (i = 0; i < n; i++) {
			result_add(&load->result, socket->source,
				   TALLY_RECEIVED_DATAGRAMS, 1);
			result_add(&load->result, socket->source,
				   TALLY_RECEIVED_BYTES,
				   load->rx->msgs[i].msg_len);
		}
	}
}

static int linger(struct raw *raw)
{
	const struct options *options = raw->load->options;
	uint64_t end_ns = clock_ns() + options->linger_ns;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t now_ns;
	uint32_t i;

	if (epoll < 0)
		return -1;
	for (i = 0; i < options->initials; i++) {
		struct socket *socket = raw->initials[i].socket;
		struct epoll_event event = { .events = EPOLLIN,
					     .data.ptr = socket };

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket->fd, &event) &&
		    errno != EEXIST) {
			close(epoll);
			return -1;
		}
	}
	while ((now_ns = clock_ns()) < end_ns) {
		struct epoll_event event;

		if (epoll_wait(epoll, &event, 1,
			       (end_ns - now_ns) / NS_PER_MS + 1) == 1)
			receive(raw, event.data.ptr);
	}
	close(epoll);
	return 0;
}

static void raw_free(struct raw *raw)
{
	const struct options *options = raw->load->options;
	uint32_t i;

	for (i = 0; raw->initials && i < options->initials; i++)
		if (raw->initials[i].socket)
			socket_put(raw->initials[i].socket);
	for (i = 0; raw->shared && i < options->n_sources + 1; i++)
		if (raw->shared[i])
			socket_put(raw->shared[i]);
	free(raw->initials);
	free(raw->hello);
	free(raw->shared);
	free(raw->senders);
}

int initials_run(struct load *load)
{
	const struct options *options = load->options;
	struct raw raw = { .load = load };
	int ret = -1;

	raw.initials = calloc(options->initials, sizeof(*raw.initials));
	raw.senders = calloc(options->threads, sizeof(*raw.senders));
	if (options->one_socket)
		raw.shared = calloc(options->n_sources + 1,
				    sizeof(*raw.shared));
	if (options->duration_ns)
		raw.hello = calloc(1, sizeof(*raw.hello));
	if (!raw.initials || !raw.senders ||
	    (options->duration_ns && !raw.hello) ||
	    (options->one_socket && !raw.shared)) {
		perror("h3load");
		goto out;
	}
	ret = make_all(&raw);
	if (!ret)
		load_wait_to_begin(load);
	if (!ret && options->duration_ns)
		send_for_a_time(&raw);
	else if (!ret)
		ret = send_all(&raw);
	if (!ret && options->linger_ns)
		ret = linger(&raw);
out:
	raw_free(&raw);
	return ret;
}
