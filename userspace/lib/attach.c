// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Attaching the gateway program to an interface, and taking it off.
 *
 * For the operator: through rtnetlink, so that it stays and iproute2 can remove
 * it. For a server: by a bpf_link, which goes with the last descriptor of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "attach.h"
#include "device.h"
#include "handle.h"
#include "netns.h"
#include "paper.h"
#include "program.h"

struct job {
	const struct equic_device *dev;
	uint32_t mode;		/* native or generic */
	bool owned;
	int prog_fd;		/* -1: take off */
	int old_fd;		/* what it replaces, or -1 */
	struct program_quiet quiet;
};

static uint32_t xdp_flags(uint32_t mode)
{
	return mode == EQUIC_XDP_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
}

/*
 * In the interface's namespace. Always conditional on what was seen there: what
 * somebody else attaches meanwhile is not replaced.
 */
static int job_run(void *arg)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, xdp);
	LIBBPF_OPTS(bpf_link_create_opts, link);
	struct job *job = arg;
	uint32_t flags = xdp_flags(job->mode);
	int ret;

	program_quiet(&job->quiet);
	if (job->owned) {
		link.flags = flags;
		ret = bpf_link_create(job->prog_fd, job->dev->ifindex, BPF_XDP,
				      &link);
	} else {
		if (job->old_fd >= 0)
			xdp.old_prog_fd = job->old_fd;
		else
			flags |= XDP_FLAGS_UPDATE_IF_NOEXIST;
		ret = bpf_xdp_attach(job->dev->ifindex, job->prog_fd, flags, &xdp);
	}
	program_loud(&job->quiet);
	return ret;
}

/* "libbpf: Kernel error message: …": the driver's own words, or "". */
static const char *driver_words(char *text)
{
	static const char mark[] = "Kernel error message: ";
	char *words = strstr(text, mark);

	if (!words)
		return "";
	words += sizeof(mark) - 1;
	words[strcspn(words, "\n")] = '\0';
	return words;
}

static int job_fail(struct equic *eq, struct job *job, int err)
{
	const struct equic_device *dev = job->dev;
	const char *words = driver_words(job->quiet.text);

	if (err == -EPERM)
		return handle_fail(eq, err,
				   "no permission to attach to %s: this needs CAP_NET_ADMIN in its namespace (root)",
				   dev->name);
	if (err == -EBUSY || err == -EEXIST)
		return handle_fail(eq, -EBUSY,
				   "another program was attached to %s meanwhile%s%s",
				   dev->name, *words ? ": " : "", words);
	if (job->mode == EQUIC_XDP_NATIVE && err == -EOPNOTSUPP)
		return handle_fail(eq, err,
				   "%s: the driver (%s) cannot run XDP natively%s%s: use mode generic",
				   dev->name, dev->driver[0] ? dev->driver : "none",
				   *words ? ": " : "", words);
	return handle_fail(eq, err, "%s: the %s refuses: %s%s%s", dev->name,
			   job->mode == EQUIC_XDP_NATIVE ?
			   "driver" : "kernel", strerror(-err),
			   *words ? ": " : "", words);
}

/* What hinders attaching here, seen before anything is loaded. */
static int attach_check(struct equic *eq, const struct equic_device *dev,
			const struct equic_attach_opts *opts)
{
	if (!dev->prog_id)
		return 0;
	if (!dev->prog_name[0])
		return handle_fail(eq, -EBUSY,
				   "%s has an XDP program already (id %u, its name is not readable without privilege)",
				   dev->name, dev->prog_id);
	if (!dev->ours)
		return handle_fail(eq, -EBUSY,
				   "%s has another XDP program: %s (id %u); it is not replaced: remove it first (ip link set dev %s %s off)",
				   dev->name, dev->prog_name, dev->prog_id,
				   dev->name, dev->mode == EQUIC_XDP_GENERIC ?
				   "xdpgeneric" : "xdp");
	if (!(opts->flags & EQUIC_ATTACH_REPLACE))
		return handle_fail(eq, -EALREADY,
				   "%s has the gateway already (%s mode, program id %u)",
				   dev->name, equic_xdp_mode_name(dev->mode),
				   dev->prog_id);
	if (opts->mode != EQUIC_XDP_AUTO && opts->mode != dev->mode)
		return handle_fail(eq, -EBUSY,
				   "%s has the gateway in %s mode; another mode needs a detach first",
				   dev->name, equic_xdp_mode_name(dev->mode));
	return 0;
}

static int own_link(const struct equic *eq)
{
	int fd = signal_slot_link(eq->signal_slot);

	return fd >= 0 ? fd : eq->link_fd;
}

static bool is_own(const struct equic *eq, const struct equic_device *dev)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (own_link(eq) < 0 ||
	    bpf_link_get_info_by_fd(own_link(eq), &info, &len))
		return false;
	return (int)info.xdp.ifindex == dev->ifindex &&
	       info.prog_id == dev->prog_id;
}

/* Replace the gateway by another version of it, between two packets. */
static int attach_replace(struct equic *eq, const struct equic_device *dev,
			  const struct equic_attach_opts *opts, int prog_fd)
{
	struct job job = { .dev = dev, .mode = dev->mode, .prog_fd = prog_fd };
	bool owned = opts->flags & EQUIC_ATTACH_OWNED;
	int err;

	if (is_own(eq, dev) && owned) {
		err = bpf_link_update(own_link(eq), prog_fd, NULL);
		if (err)
			handle_fail(eq, err, "cannot replace the program of %s: %s",
				    dev->name, strerror(-err));
		return err;
	}
	if (dev->owned)
		return handle_fail(eq, -EBUSY,
				   "the gateway of %s belongs to a process; it goes with that",
				   dev->name);
	if (owned)
		return handle_fail(eq, -EBUSY,
				   "%s has the gateway from the operator; it serves this process as well",
				   dev->name);
	job.old_fd = bpf_prog_get_fd_by_id(dev->prog_id);
	if (job.old_fd < 0)
		return handle_fail(eq, job.old_fd,
				   "the program of %s went meanwhile", dev->name);
	err = netns_run(eq, job_run, &job);
	close(job.old_fd);
	return err < 0 ? job_fail(eq, &job, err) : 0;
}

static int attach_first(struct equic *eq, const struct equic_device *dev,
			const struct equic_attach_opts *opts, int prog_fd)
{
	struct job job = {
		.dev = dev,
		.owned = opts->flags & EQUIC_ATTACH_OWNED,
		.mode = opts->mode,
		.prog_fd = prog_fd,
		.old_fd = -1,
	};
	int ret;

	if (job.mode == EQUIC_XDP_AUTO)
		job.mode = dev->would;
	ret = netns_run(eq, job_run, &job);
	if (ret < 0 && ret != -EPERM && ret != -EBUSY && ret != -EEXIST &&
	    opts->mode == EQUIC_XDP_AUTO && job.mode == EQUIC_XDP_NATIVE) {
		job.mode = EQUIC_XDP_GENERIC;
		ret = netns_run(eq, job_run, &job);
	}
	if (ret < 0)
		return job_fail(eq, &job, ret);
	if (job.owned) {
		eq->link_fd = ret;
		strcpy(eq->link_ifname, dev->name);
	}
	return 0;
}

int attach(struct equic *eq, const char *ifname,
	   const struct equic_attach_opts *from)
{
	const uint32_t known = EQUIC_ATTACH_OWNED | EQUIC_ATTACH_REPLACE;
	struct equic_attach_opts opts;
	struct equic_device dev;
	int err, prog_fd;

	err = struct_in(eq, &opts, sizeof(opts), from);
	if (err)
		return err;
	if (opts.flags & ~known || opts.mode > EQUIC_XDP_GENERIC)
		return handle_fail(eq, -EINVAL, "unknown flags or mode");
	err = device_look(eq, ifname, &dev) ?: attach_check(eq, &dev, &opts);
	if (err)
		return err;
	if (opts.flags & EQUIC_ATTACH_OWNED && own_link(eq) >= 0 &&
	    !is_own(eq, &dev))
		return handle_fail(eq, -EBUSY,
				   "this handle has attached a program to %s: use one handle for each interface",
				   eq->link_ifname);
	prog_fd = program_load(eq, opts.object);
	if (prog_fd < 0)
		return prog_fd;
	if (dev.prog_id)
		err = attach_replace(eq, &dev, &opts, prog_fd);
	else
		err = attach_first(eq, &dev, &opts, prog_fd);
	close(prog_fd);
	return err;
}

EQUIC_API int equic_attach(struct equic *eq, const char *ifname,
			   const struct equic_attach_opts *opts)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	return handle_leave(eq, attach(eq, ifname, opts));
}

static int detach(struct equic *eq, const char *ifname)
{
	struct equic_device dev;
	struct job job = { .dev = &dev, .prog_fd = -1, .old_fd = -1 };
	int err;

	err = device_look(eq, ifname, &dev);
	if (err)
		return err;
	if (!dev.prog_id)
		return handle_fail(eq, -ENOENT, "%s has no XDP program", ifname);
	if (is_own(eq, &dev)) {
		attach_close(eq);
		return 0;
	}
	if (!dev.prog_name[0])
		return handle_fail(eq, -EPERM,
				   "no permission: this needs CAP_NET_ADMIN and CAP_SYS_ADMIN (root)");
	if (!dev.ours)
		return handle_fail(eq, -EBUSY,
				   "%s has another XDP program: %s (id %u); it is not removed",
				   ifname, dev.prog_name, dev.prog_id);
	if (dev.owned)
		return handle_fail(eq, -EBUSY,
				   "the gateway of %s belongs to a process; it goes with that",
				   ifname);
	job.old_fd = bpf_prog_get_fd_by_id(dev.prog_id);
	if (job.old_fd < 0)
		return handle_fail(eq, -ENOENT, "%s has no XDP program", ifname);
	job.mode = dev.mode;
	err = netns_run(eq, job_run, &job);
	close(job.old_fd);
	return err ? job_fail(eq, &job, err) : 0;
}

EQUIC_API int equic_detach(struct equic *eq, const char *ifname)
{
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	return handle_leave(eq, detach(eq, ifname));
}

void attach_close(struct equic *eq)
{
	signal_slot_drop(eq->signal_slot);
	eq->signal_slot = -1;
	if (eq->link_fd >= 0)
		close(eq->link_fd);
	eq->link_fd = -1;
	eq->link_ifname[0] = '\0';
}
