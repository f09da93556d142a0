// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching the gateway: to a veth pair, v0 here and v1 in a namespace.
 *
 *	main            netns lib-attach
 *	v0 ------------ v1
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/wait.h>

#include "equic.h"
#include "expect.h"
#include "module.h"

static struct equic_device look(struct equic *eq, const char *ifname)
{
	struct equic_device dev = EQUIC_INIT(dev);

	if (equic_device_get(eq, ifname, &dev))
		ktap_diag("%s", equic_strerror(eq));
	return dev;
}

static bool is_bare(void *arg)
{
	return !look(arg, "v0").prog_id;
}

static void test_operator(struct equic *eq)
{
	struct equic_attach_opts opts = EQUIC_INIT(opts);
	struct equic_device dev, first;

	dev = look(eq, "v0");
	ktap_result(!dev.prog_id && dev.native && dev.native_known &&
		    dev.would == EQUIC_XDP_NATIVE && !strcmp(dev.driver, "veth"),
		    "a look at the interface says what would be done");
	expect_eq(equic_attach(eq, "v0", NULL), 0, "the gateway is attached");
	first = look(eq, "v0");
	ktap_result(first.ours && first.mode == EQUIC_XDP_NATIVE && !first.owned,
		    "natively, to stay");
	expect_eq(equic_attach(eq, "v0", NULL), -EALREADY,
		  "a second attach is refused");
	expect_text(equic_strerror(eq), "native", "in words");
	expect_eq(shell("rmmod equic 2>/dev/null"), 1,
		  "the module is busy meanwhile");
	opts.flags = EQUIC_ATTACH_REPLACE;
	expect_eq(equic_attach(eq, "v0", &opts), 0, "it can be replaced");
	dev = look(eq, "v0");
	ktap_result(dev.ours && dev.prog_id != first.prog_id, "by a new program");
	opts.mode = EQUIC_XDP_GENERIC;
	expect_eq(equic_attach(eq, "v0", &opts), -EBUSY,
		  "but not in another mode, which would leave a gap");
	expect_eq(equic_detach(eq, "v0"), 0, "it is detached");
	ktap_result(is_bare(eq), "and nothing stays");
	expect_eq(equic_detach(eq, "v0"), -ENOENT, "a second detach is refused");
	opts.flags = 0;
	expect_eq(equic_attach(eq, "v0", &opts), 0, "generic mode works as well");
	dev = look(eq, "v0");
	expect_eq(dev.mode, EQUIC_XDP_GENERIC, "and is told");
	expect_eq(shell("ip link set dev v0 xdpgeneric off"), 0,
		  "the operator's ip removes it");
	ktap_result(is_bare(eq), "and nothing stays");
	expect_eq(equic_attach(eq, "v0", NULL), 0, "native once more");
	expect_eq(shell("ip link set dev v0 xdp off"), 0,
		  "the operator's ip removes that");
	ktap_result(is_bare(eq), "and nothing stays");
	expect_eq(equic_attach(eq, "lo", &opts), 0, "lo takes generic");
	equic_detach(eq, "lo");
	opts.mode = EQUIC_XDP_NATIVE;
	expect_eq(equic_attach(eq, "lo", &opts), -EOPNOTSUPP,
		  "a device without native XDP says so");
	expect_text(equic_strerror(eq), "mode generic", "and what to do");
	opts.mode = EQUIC_XDP_AUTO;
	expect_eq(equic_attach(eq, "lo", &opts), 0, "auto falls back");
	expect_eq(look(eq, "lo").mode, EQUIC_XDP_GENERIC, "to generic");
	equic_detach(eq, "lo");
	expect_eq(equic_attach(eq, "nosuchdev", NULL), -ENODEV,
		  "an unknown interface is refused");
	expect_eq(equic_attach(eq, "nameoverfifteenchars", NULL), -ENODEV,
		  "a name that can be none as well");
}

/* Somebody else's: pass everything. */
static void foreign_attach(int ifindex)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign_prog", "GPL", code, 2,
			       NULL);

	if (fd < 0 || bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL))
		ktap_bail("cannot attach a foreign program");
	close(fd);
}

static void test_foreign(struct equic *eq)
{
	struct equic_attach_opts opts = EQUIC_INIT(opts,
		.flags = EQUIC_ATTACH_REPLACE);
	struct equic_device dev;
	int i;

	foreign_attach(if_nametoindex("v0"));
	for (i = 0; i < 4; i++) {
		opts.flags = i;
		expect_eq(equic_attach(eq, "v0", &opts), -EBUSY,
			  "a foreign program is not replaced, flags %d", i);
		expect_text(equic_strerror(eq), "foreign_prog", "but named");
	}
	expect_eq(equic_detach(eq, "v0"), -EBUSY, "nor removed");
	expect_text(equic_strerror(eq), "foreign_prog", "but named");
	dev = look(eq, "v0");
	ktap_result(!dev.ours && !strcmp(dev.prog_name, "foreign_prog"),
		    "it is still there");
	shell("ip link set dev v0 xdp off");
}

static void test_owned(struct equic *eq)
{
	struct equic_attach_opts opts = EQUIC_INIT(opts,
		.flags = EQUIC_ATTACH_OWNED);
	struct equic *server = manager_open();
	struct equic_device dev, first;
	int ready[2], status;
	pid_t pid;
	char c;

	expect_eq(equic_attach(server, "v0", &opts), 0, "a server attaches");
	first = look(eq, "v0");
	ktap_result(first.ours && first.owned, "for itself");
	expect_eq(equic_attach(eq, "v0", NULL), -EALREADY,
		  "the operator need not any more");
	opts.flags |= EQUIC_ATTACH_REPLACE;
	expect_eq(equic_attach(eq, "v0", &opts), -EBUSY,
		  "and another handle cannot replace it");
	expect_eq(equic_detach(eq, "v0"), -EBUSY, "nor detach it");
	expect_eq(equic_attach(server, "v0", &opts), 0, "the server itself can");
	dev = look(eq, "v0");
	ktap_result(dev.owned && dev.prog_id != first.prog_id,
		    "by a new program in the same link");
	equic_close(server);
	ktap_result(wait_until(is_bare, eq, 1000), "it goes with the handle");

	if (pipe(ready))
		ktap_bail("pipe");
	pid = fork();
	if (!pid) {
		server = manager_open();
		opts.flags = EQUIC_ATTACH_OWNED;
		(void)!write(ready[1], equic_attach(server, "v0", &opts) ? "n" : "y", 1);
		pause();
	}
	(void)!read(ready[0], &c, 1);
	ktap_result(c == 'y' && look(eq, "v0").ours, "a process attaches");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ktap_result(wait_until(is_bare, eq, 1000), "SIGKILL detaches");
}

static void test_paper(struct equic *eq)
{
	struct equic *server = manager_open();
	struct pollfd p;

	expect_eq(equic_load(server), -EDESTADDRREQ,
		  "load without an interface is refused");
	expect_eq(equic_get_interface(server, "nosuchdev"), -ENODEV,
		  "an unknown interface is refused");
	expect_eq(equic_get_interface(server, "v0"), 0, "equic_get_interface");
	expect_eq(equic_read_object(server, "/nonexistent.o"), -ENOENT,
		  "an object that is not there is refused");
	expect_eq(equic_read_object(server, "/proc/self/exe"), -ENOEXEC,
		  "so is one that is no gateway");
	expect_eq(equic_read_object(server, NULL), 0, "equic_read_object");
	expect_eq(equic_load(server), 0, "equic_load");
	ktap_result(look(eq, "v0").ours && look(eq, "v0").owned, "it is attached");

	signal(SIGINT, equic_sigint_callback);
	signal(SIGTERM, equic_sigterm_callback);
	p = (struct pollfd){ .fd = equic_fd(server), .events = POLLIN };
	kill(getpid(), SIGTERM);
	ktap_result(wait_until(is_bare, eq, 1000), "SIGTERM detaches");
	expect_eq(poll(&p, 1, 0), 1, "and wakes the server up");
	expect_eq(equic_dispatch(server), -EINTR, "who is told why");
	expect_eq(equic_dispatch(server), 0, "once");
	kill(getpid(), SIGINT);
	expect_eq(equic_dispatch(server), 0, "a second signal finds nothing");
	equic_close(server);

	server = manager_open();
	equic_get_interface(server, "v0");
	expect_eq(equic_load(server), 0, "another handle loads");
	equic_close(server);
	ktap_result(wait_until(is_bare, eq, 1000), "close detaches");
	kill(getpid(), SIGINT);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static void test_netns(struct equic *eq)
{
	struct equic_opts opts = EQUIC_INIT(opts, .netns = "lib-attach");
	struct equic_attach_opts owned = EQUIC_INIT(owned,
		.flags = EQUIC_ATTACH_OWNED);
	struct equic *there;

	equic_open(&there, &opts);
	expect_eq(equic_attach(there, "v1", NULL), 0,
		  "an interface of another namespace takes it");
	ktap_result(look(there, "v1").ours, "there");
	expect_eq(equic_attach(eq, "v1", NULL), -ENODEV, "here is no such one");
	expect_eq(equic_detach(there, "v1"), 0, "it is detached there");
	expect_eq(equic_attach(there, "v1", &owned), 0, "owned works as well");
	equic_close(there);
}

static int unprivileged(void)
{
	struct equic *eq;
	int bad;

	if (setgid(65534) || setuid(65534) || equic_open(&eq, NULL))
		return 1;
	bad = equic_attach(eq, "v0", NULL) != -EPERM;
	bad |= !strstr(equic_strerror(eq), "root");
	bad |= strcmp(look(eq, "v0").driver, "veth") != 0;
	equic_close(eq);
	return bad;
}

static void test_missing(struct equic *eq)
{
	struct equic_attach_opts opts = EQUIC_INIT(opts, .object = "/nonexistent.o");
	int status;
	pid_t pid;

	expect_eq(equic_attach(eq, "v0", &opts), -ENOENT,
		  "an object that is not there is refused");
	setenv("EQUIC_BPF_PATH", "/nonexistent.o", 1);
	expect_eq(equic_attach(eq, "v0", NULL), -ENOENT,
		  "so is one named by the environment");
	expect_text(equic_strerror(eq), "/nonexistent.o", "by its name");
	unsetenv("EQUIC_BPF_PATH");
	opts.object = "/proc/self/exe";
	expect_eq(equic_attach(eq, "v0", &opts), -ENOEXEC,
		  "so is one that is no gateway");

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(unprivileged());
	waitpid(pid, &status, 0);
	expect_eq(status, 0, "without privilege attaching says what is missing");

	/* What a module built without pahole looks like. */
	shell("mkdir -p /tmp/btf && cp /sys/kernel/btf/vmlinux /tmp/btf/ && "
	      "mount --bind /tmp/btf /sys/kernel/btf");
	expect_eq(equic_attach(eq, "v0", NULL), -ENODATA,
		  "a module without BTF is told");
	expect_text(equic_strerror(eq), "pahole", "with the remedy");
	shell("umount /sys/kernel/btf; rm -r /tmp/btf");
	module_unload();
	expect_eq(equic_attach(eq, "v0", NULL), -ENOPKG, "so is no module");
	expect_text(equic_strerror(eq), "modprobe equic", "with the remedy");
	module_load();
	expect_eq(equic_attach(eq, "v0", NULL), 0, "loaded again, it works again");
	equic_detach(eq, "v0");
}

static int name(const struct equic_device *dev, void *user)
{
	*(int *)user += !strcmp(dev->name, "v0") || !strcmp(dev->name, "lo");
	return 0;
}

int main(void)
{
	struct equic *eq;
	int n = 0;

	ktap_begin();
	module_load();
	shell("ip netns add lib-attach; ip link add v0 type veth peer name v1 netns lib-attach;"
	      "ip link set v0 up; ip -n lib-attach link set v1 up");
	eq = manager_open();
	equic_device_list(eq, name, &n);
	expect_eq(n, 2, "the interfaces are listed");
	test_operator(eq);
	test_foreign(eq);
	test_owned(eq);
	test_paper(eq);
	test_netns(eq);
	test_missing(eq);
	equic_close(eq);
	shell("ip link del v0; ip netns del lib-attach");
	module_unload();
	return ktap_end();
}
