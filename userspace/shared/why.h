/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a connection cannot be made, or be shared: the words of equic_share_strerror(). */
#ifndef EQUIC_SHARED_WHY_H
#define EQUIC_SHARED_WHY_H

enum why {
	WHY_CALLBACKS,
	WHY_SETTINGS,
	WHY_OPTIONS,
	WHY_ENCRYPT,
	WHY_DECRYPT,
	WHY_HP_MASK,
	WHY_UPDATE_KEY,
	WHY_INITIAL_PKT_NUM,
	WHY_PAYLOAD_BELOW,
	WHY_PAYLOAD_ABOVE,
	WHY_PAYLOAD_AGAIN,
	WHY_EVENTS,
	WHY_KEY,
	WHY_PATH,
	WHY_BYTES,
	WHY_NO_RING,
	WHY_RING_COUNT,
	WHY_RING,
	WHY_RING_USED,
	WHY_RING_MAP,
	WHY_RING_MAKE,
	WHY_RECORDS,
	WHY_MEMORY_0,
	WHY_MEMORY_KIND,
	WHY_MEMORY_ARRAY,
	WHY_MEMORY_SIZE,
	WHY_MEMORY_USED,
	WHY_MEMORY_MAP,
	WHY_MEMORY_MAKE,
	WHY_ROOM,
	WHY_CIPHER,
	WHY_REWIRED,
	WHY_SHARED,
	WHY_CONN,
	WHY_CONFIRMED,
	WHY_WRITING,
	WHY_HALF_WRITTEN,
	WHY_ENDED,
};

/**
 * refuse - what was asked for cannot be
 * @why: for this reason. errno becomes what belongs to it; what a system call has failed
 *	with stays.
 *
 * Return: -1.
 */
int refuse(enum why why);

#endif /* EQUIC_SHARED_WHY_H */
