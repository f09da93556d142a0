/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of whichever socket, by requests made by hand (netlink.h). */
#ifndef EQUIC_SELFTESTS_KEYRING_H
#define EQUIC_SELFTESTS_KEYRING_H

#include "keys.h"
#include "netlink.h"

/**
 * keyring_add - give the module a key
 * @nl: whose it will be
 * @key: the key
 * @use: enum equic_key_use
 *
 * Return: its id, or a negative errno.
 */
int keyring_add(struct nl *nl, const struct key *key, __u8 use);

/**
 * keyring_update - install the next epoch
 * @nl: whose it is
 * @id: of the key
 * @key: epoch, key and IV
 *
 * Return: 0 or a negative errno.
 */
int keyring_update(struct nl *nl, __u32 id, const struct key *key);

/**
 * keyring_del - take a key back
 * @nl: whose it is
 * @id: of the key
 *
 * Return: 0 or a negative errno.
 */
int keyring_del(struct nl *nl, __u32 id);

/**
 * keyring_count - the keys of the namespace
 * @nl: any socket there
 *
 * Return: how many.
 */
int keyring_count(struct nl *nl);

/**
 * keyring_packets - what an epoch has opened, or sealed
 * @nl: any socket in the namespace
 * @id: of the key
 * @epoch: the number of the epoch
 *
 * Return: how many packets; bails out when there is no such epoch.
 */
__u64 keyring_packets(struct nl *nl, __u32 id, __u32 epoch);

#endif /* EQUIC_SELFTESTS_KEYRING_H */
