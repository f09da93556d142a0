// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an interface is, can do, and runs. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/netdev.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "device.h"
#include "handle.h"
#include "netns.h"
#include "program.h"

struct look {
	const char *ifname;
	struct equic_device *dev;
};

static int ethtool(int fd, struct ifreq *ifr, void *cmd)
{
	ifr->ifr_data = cmd;
	return ioctl(fd, SIOCETHTOOL, ifr) ? -errno : 0;
}

static void look_offloads(int fd, struct ifreq *ifr, struct equic_device *dev)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	struct ethtool_value gro = { .cmd = ETHTOOL_GGRO };
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	if (!ethtool(fd, ifr, &info))
		snprintf(dev->driver, sizeof(dev->driver), "%.31s", info.driver);
	if (!ethtool(fd, ifr, &gro))
		dev->gro = gro.data;
	if (!ethtool(fd, ifr, &flags)) {
		dev->lro = flags.data & ETH_FLAG_LRO;
		dev->rx_vlan = flags.data & ETH_FLAG_RXVLAN;
	}
}

static void look_xdp(struct equic_device *dev)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct program_quiet quiet;
	int err;

	program_quiet(&quiet);
	err = bpf_xdp_query(dev->ifindex, 0, &query);
	program_loud(&quiet);
	if (err)
		return;
	if (query.drv_prog_id) {
		dev->mode = EQUIC_XDP_NATIVE;
		dev->prog_id = query.drv_prog_id;
	} else if (query.skb_prog_id) {
		dev->mode = EQUIC_XDP_GENERIC;
		dev->prog_id = query.skb_prog_id;
	} else if (query.hw_prog_id) {
		dev->mode = EQUIC_XDP_NATIVE;
		dev->prog_id = query.hw_prog_id;
	}
	/* The netdev family tells features of every device, none included. */
	dev->native_known = true;
	dev->native = query.feature_flags & NETDEV_XDP_ACT_BASIC;
	dev->frags = query.feature_flags & NETDEV_XDP_ACT_RX_SG;
}

/* In the interface's namespace. */
static int look(void *arg)
{
	struct look *l = arg;
	struct equic_device *dev = l->dev;
	struct ifreq ifr = { 0 };
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strcpy(ifr.ifr_name, l->ifname);
	if (ioctl(fd, SIOCGIFINDEX, &ifr)) {
		err = -errno;
		goto out;
	}
	dev->ifindex = ifr.ifr_ifindex;
	strcpy(dev->name, l->ifname);
	if (!ioctl(fd, SIOCGIFMTU, &ifr))
		dev->mtu = ifr.ifr_mtu;
	if (!ioctl(fd, SIOCGIFFLAGS, &ifr))
		dev->up = ifr.ifr_flags & IFF_UP;
	look_offloads(fd, &ifr, dev);
	look_xdp(dev);
out:
	close(fd);
	return err;
}

static int name_check(struct equic *eq, const char *ifname)
{
	if (!ifname || !*ifname)
		return handle_fail(eq, -EINVAL, "no interface");
	if (strlen(ifname) >= IFNAMSIZ || strchr(ifname, '/'))
		return handle_fail(eq, -ENODEV, "there is no interface %s", ifname);
	return 0;
}

static int index_of(void *arg)
{
	unsigned int index = if_nametoindex(arg);

	return index ? (int)index : -errno;
}

int device_index(struct equic *eq, const char *ifname)
{
	int ret;

	ret = name_check(eq, ifname);
	if (ret)
		return ret;
	ret = netns_run(eq, index_of, (void *)ifname);
	if (ret == -ENODEV)
		return handle_fail(eq, ret, "there is no interface %s", ifname);
	if (ret < 0)
		return handle_fail(eq, ret, "cannot look up interface %s: %s",
				   ifname, strerror(-ret));
	return ret;
}

/* Is the program of an XDP link on this interface? Then a process holds it. */
static bool link_has(uint32_t link_id, const struct equic_device *dev)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	bool has = false;
	int fd;

	fd = bpf_link_get_fd_by_id(link_id);
	if (fd < 0)
		return false;
	if (!bpf_link_get_info_by_fd(fd, &info, &len))
		has = info.type == BPF_LINK_TYPE_XDP &&
		      info.prog_id == dev->prog_id &&
		      (int)info.xdp.ifindex == dev->ifindex;
	close(fd);
	return has;
}

static void look_program(struct equic_device *dev)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info), id = 0;
	int fd;

	if (!dev->prog_id)
		return;
	fd = bpf_prog_get_fd_by_id(dev->prog_id);
	if (fd < 0)
		return;
	if (!bpf_prog_get_info_by_fd(fd, &info, &len))
		snprintf(dev->prog_name, sizeof(dev->prog_name), "%s", info.name);
	close(fd);
	dev->ours = !strcmp(dev->prog_name, GATEWAY_PROGRAM);
	while (!dev->owned && !bpf_link_get_next_id(id, &id))
		dev->owned = link_has(id, dev);
}

/* Drivers that swap programs while packets flow; others restart their rings. */
static bool driver_is_seamless(const char *driver)
{
	static const char *const seamless[] = {
		"veth", "tun", "virtio_net", "netkit", "netdevsim", "bonding",
		"",
	};
	size_t i;

	for (i = 0; i < sizeof(seamless) / sizeof(seamless[0]); i++)
		if (!strcmp(driver, seamless[i]))
			return true;
	return false;
}

static void look_conclude(struct equic_device *dev)
{
	dev->would = dev->native ? EQUIC_XDP_NATIVE : EQUIC_XDP_GENERIC;
	dev->resets = dev->native && !driver_is_seamless(dev->driver);
	if (!dev->native && !dev->driver[0])
		snprintf(dev->why, sizeof(dev->why),
			 "the device cannot run XDP natively");
	else if (!dev->native)
		snprintf(dev->why, sizeof(dev->why),
			 "driver %s cannot run XDP natively", dev->driver);
	else if (dev->lro)
		snprintf(dev->why, sizeof(dev->why),
			 "driver %s runs XDP; if it refuses: ethtool -K %s lro off",
			 dev->driver, dev->name);
	else if (dev->mtu > 3498 && !dev->frags)
		snprintf(dev->why, sizeof(dev->why),
			 "driver %s runs XDP, but maybe not with MTU %u",
			 dev->driver, dev->mtu);
	else
		snprintf(dev->why, sizeof(dev->why), "driver %s runs XDP",
			 dev->driver);
}

int device_look(struct equic *eq, const char *ifname, struct equic_device *dev)
{
	struct look l = { .ifname = ifname, .dev = dev };
	int err;

	memset(dev, 0, sizeof(*dev));
	dev->size = sizeof(*dev);
	err = name_check(eq, ifname);
	if (err)
		return err;
	err = netns_run(eq, look, &l);
	if (err == -ENODEV)
		return handle_fail(eq, err, "there is no interface %s", ifname);
	if (err)
		return handle_fail(eq, err, "cannot look at interface %s: %s",
				   ifname, strerror(-err));
	look_program(dev);
	look_conclude(dev);
	return 0;
}

EQUIC_API int equic_device_get(struct equic *eq, const char *ifname,
			       struct equic_device *dev)
{
	struct equic_device found;
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = device_look(eq, ifname, &found);
	if (!err)
		err = dev ? struct_out(eq, dev, &found, sizeof(found)) :
		      handle_fail(eq, -EINVAL, "no room for the result");
	return handle_leave(eq, err);
}

static int names_of(void *arg)
{
	struct if_nameindex **names = arg;

	*names = if_nameindex();
	return *names ? 0 : -errno;
}

EQUIC_API int equic_device_list(struct equic *eq,
				int (*each)(const struct equic_device *dev,
					    void *user), void *user)
{
	struct if_nameindex *names = NULL, *name;
	struct equic_device dev;
	int ret;

	ret = handle_enter(eq);
	if (ret)
		return ret;
	ret = each ? netns_run(eq, names_of, &names) : -EINVAL;
	if (ret)
		handle_fail(eq, ret, "cannot list the interfaces: %s",
			    strerror(-ret));
	ret = handle_leave(eq, ret);
	for (name = names; !ret && name && name->if_index; name++) {
		ret = handle_enter(eq);
		if (ret)
			break;
		ret = handle_leave(eq, device_look(eq, name->if_name, &dev));
		if (!ret)
			ret = each(&dev, user);
		else if (ret == -ENODEV)
			ret = 0;	/* gone since */
	}
	if (names)
		if_freenameindex(names);
	return ret;
}
