/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libequic: the gateway program on interfaces. What is true of all functions, and the
 * errors that any can give: equic.h.
 */
#ifndef _EQUIC_ATTACH_H
#define _EQUIC_ATTACH_H

#include <stdbool.h>
#include <equic_handle.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum equic_xdp_mode - where the gateway program runs
 * @EQUIC_XDP_AUTO: in a request: native, else generic; in a state: not attached.
 * @EQUIC_XDP_NATIVE: in the driver.
 * @EQUIC_XDP_GENERIC: after the driver, in the network core: slower, and the
 *	packets may be GRO super-packets.
 */
enum equic_xdp_mode {
	EQUIC_XDP_AUTO,
	EQUIC_XDP_NATIVE,
	EQUIC_XDP_GENERIC,
};

EQUIC_API const char *equic_xdp_mode_name(unsigned int mode);

/**
 * enum equic_attach_flags - how to attach
 * @EQUIC_ATTACH_OWNED: the program goes with this handle (a bpf_link): for a
 *	server. Else it stays, and "ip link set dev IF xdp off" removes it
 *	("xdpgeneric off" where the driver could run it natively, but it does not).
 * @EQUIC_ATTACH_REPLACE: replace a gateway program that is there, without a gap.
 */
enum equic_attach_flags {
	EQUIC_ATTACH_OWNED	= 1 << 0,
	EQUIC_ATTACH_REPLACE	= 1 << 1,
};

/**
 * struct equic_attach_opts - how to attach
 * @size: sizeof(struct equic_attach_opts).
 * @flags: enum equic_attach_flags.
 * @mode: enum equic_xdp_mode.
 * @object: path of the BPF object. NULL: $EQUIC_BPF_PATH if the process is not
 *	set-user-ID, else the one built into the library.
 */
struct equic_attach_opts {
	size_t size;
	uint32_t flags;
	uint32_t mode;
	const char *object;
};

/**
 * equic_attach - attach the gateway program to an interface
 * @eq: a handle; the interface is looked up in its namespace
 * @ifname: name of the interface
 * @opts: NULL: auto, persistent, no replacement
 *
 * A program that is not the gateway is never replaced.
 *
 * Return: 0, or, each with words that name the remedy:
 * * -ENODEV: no such interface
 * * -EBUSY: another program is there; the text names it
 * * -EALREADY: the gateway is there, and EQUIC_ATTACH_REPLACE was not given
 * * -EOPNOTSUPP: mode native, and the driver cannot
 * * -ENOPKG: the module is not loaded
 * * -ENODATA: the module was built without BTF
 * * -ENOENT: @object does not exist
 * * -EPERM: no privilege
 * * any other: the verifier's last words are in the text
 */
EQUIC_API int equic_attach(struct equic *eq, const char *ifname,
			   const struct equic_attach_opts *opts);

/**
 * equic_detach - remove the gateway program from an interface
 * @eq: a handle
 * @ifname: name of the interface
 *
 * Return: 0; -ENODEV; -ENOENT: no program is there; -EBUSY: another program is
 * there, or the gateway belongs to a live process; the text names it.
 */
EQUIC_API int equic_detach(struct equic *eq, const char *ifname);

/**
 * struct equic_device - an interface, as attaching sees it
 * @size: sizeof(struct equic_device).
 * @ifindex: its index.
 * @name: its name.
 * @driver: driver of the device, "" when it does not say.
 * @mtu: bytes.
 * @up: administratively up.
 * @gro: generic receive offload is on: super-packets in generic mode.
 * @lro: large receive offload is on: refuses native XDP in many drivers.
 * @rx_vlan: VLAN tags are stripped by hardware: XDP does not see them.
 * @native: the driver can run XDP.
 * @native_known: @native is known from the kernel (netdev family), else guessed.
 * @frags: the driver takes multi-buffer programs: MTU over a page in native.
 * @resets: attaching in native mode stops and restarts the link of this driver,
 *	as far as known.
 * @mode: in which mode a program is attached now; EQUIC_XDP_AUTO: none is.
 * @ours: that program is the gateway.
 * @owned: it belongs to a live process (bpf_link).
 * @prog_id: its id, 0: none.
 * @prog_name: its name.
 * @would: what mode auto would choose now.
 * @why: a sentence about that choice, or about what hinders native mode.
 */
struct equic_device {
	size_t size;
	int ifindex;
	char name[16];
	char driver[32];
	uint32_t mtu;
	bool up;
	bool gro;
	bool lro;
	bool rx_vlan;
	bool native;
	bool native_known;
	bool frags;
	bool resets;
	uint32_t mode;
	bool ours;
	bool owned;
	uint32_t prog_id;
	char prog_name[16];
	uint32_t would;
	char why[160];
};

/**
 * equic_device_get - look at an interface; changes nothing
 * @eq: a handle
 * @ifname: name of the interface
 * @dev: result; set @size before
 *
 * Works without the module. Without privilege @ours is not known: then it is
 * told by @prog_name alone.
 *
 * Return: 0; -ENODEV.
 */
EQUIC_API int equic_device_get(struct equic *eq, const char *ifname,
			       struct equic_device *dev);

/**
 * equic_device_list - the interfaces of the handle's namespace
 * @eq: a handle
 * @each: called for each; other than 0 ends the list; may use the handle
 * @user: handed to @each
 *
 * Return: 0, what @each returned, or −errno.
 */
EQUIC_API int equic_device_list(struct equic *eq,
				int (*each)(const struct equic_device *dev,
					    void *user), void *user);

#ifdef __cplusplus
}
#endif

#endif /* _EQUIC_ATTACH_H */
