// SPDX-License-Identifier: LGPL-2.1-or-later
/* Services: add, set, del, get, list. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "attr.h"
#include "handle.h"

/* Times that a list is read again because it changed meanwhile. */
enum { LIST_TRIES = 32 };

static int build_service(struct nl_msg *msg, const void *arg)
{
	const struct equic_service *s = arg;
	int err;

	err = attr_put_key(msg, &s->key);
#define KNOB(attr, member, put)						\
	if (!err && s->knobs & EQUIC_KNOB_##attr)			\
		err = put(msg, EQUIC_A_SERVICE_##attr, s->member)
	KNOB(QUOTA, quota, attr_put_u32);
	KNOB(MODE, mode, attr_put_u8);
	KNOB(NO_OWNER, no_owner, attr_put_u8);
	KNOB(ENFORCE_PERCENT, enforce_percent, attr_put_u8);
	KNOB(PENDING_TIMEOUT, pending_timeout_ms, attr_put_u32);
	KNOB(DEFAULT, deflt, attr_put_u8);
	KNOB(ON_OVERFLOW, on_overflow, attr_put_u8);
	KNOB(PREFIX4, prefix4, attr_put_u8);
	KNOB(PREFIX6, prefix6, attr_put_u8);
	KNOB(OWNER_UID, owner_uid, attr_put_u32);
#undef KNOB
	return err;
}

static int build_key(struct nl_msg *msg, const void *arg)
{
	return attr_put_key(msg, arg);
}

static int key_check(struct equic *eq, const struct equic_key *key)
{
	return key_is_valid(key) ? 0 :
	       handle_fail(eq, -EINVAL, "no service: a port is needed");
}

static int service_change(struct equic *eq, enum equic_cmd cmd,
			  const struct equic_service *service)
{
	const uint32_t all = (EQUIC_KNOB_OWNER_UID << 1) - 1;
	struct equic_service s;
	struct request req = {
		.cmd = cmd, .build = build_service, .build_arg = &s,
	};
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	if (!service)
		err = handle_fail(eq, -EINVAL, "no service");
	else
		err = struct_in(eq, &s, sizeof(s), service) ?: key_check(eq, &s.key);
	if (!err && s.knobs & ~all)
		err = handle_fail(eq, -EINVAL,
				  "a knob that this libequic does not know");
	if (!err)
		err = channel_request(eq, &req);
	return handle_leave(eq, err);
}

EQUIC_API int equic_service_add(struct equic *eq,
				const struct equic_service *service)
{
	return service_change(eq, EQUIC_CMD_SERVICE_ADD, service);
}

EQUIC_API int equic_service_set(struct equic *eq,
				const struct equic_service *service)
{
	return service_change(eq, EQUIC_CMD_SERVICE_SET, service);
}

EQUIC_API int equic_service_del(struct equic *eq, const struct equic_key *key)
{
	struct request req = {
		.cmd = EQUIC_CMD_SERVICE_DEL, .build = build_key,
		.build_arg = key,
	};
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = key_check(eq, key) ?: channel_request(eq, &req);
	return handle_leave(eq, err);
}

static int read_service(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *tb[EQUIC_A_SERVICE_MAX + 1];
	int err;

	err = attr_parse(nlh, tb, EQUIC_A_SERVICE_MAX);
	if (!err)
		attr_service(tb, arg);
	return err;
}

EQUIC_API int equic_service_get(struct equic *eq, const struct equic_key *key,
				struct equic_service *service)
{
	struct equic_service s = EQUIC_INIT(s);
	struct request req = {
		.cmd = EQUIC_CMD_SERVICE_GET, .build = build_key,
		.build_arg = key, .each = read_service, .each_arg = &s,
	};
	int err;

	err = handle_enter(eq);
	if (err)
		return err;
	err = service ? key_check(eq, key) :
	      handle_fail(eq, -EINVAL, "no room for the result");
	if (!err)
		err = channel_request(eq, &req);
	if (!err)
		err = struct_out(eq, service, &s, sizeof(s));
	return handle_leave(eq, err);
}

struct service_list {
	struct equic_service *services;
	size_t len;
	size_t size;
};

static int list_add(struct nlmsghdr *nlh, void *arg)
{
	struct service_list *list = arg;
	struct equic_service *bigger;

	if (list->len == list->size) {
		size_t size = list->size ? list->size * 2 : 16;

		bigger = realloc(list->services, size * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		list->services = bigger;
		list->size = size;
	}
	return read_service(nlh, &list->services[list->len++]);
}

EQUIC_API int equic_service_list(struct equic *eq,
				 int (*each)(const struct equic_service *service,
					     void *user), void *user)
{
	struct service_list list = { NULL };
	struct request req = {
		.cmd = EQUIC_CMD_SERVICE_GET, .dump = true, .each = list_add,
		.each_arg = &list,
	};
	int ret, tries = 0;
	size_t i;

	ret = handle_enter(eq);
	if (ret)
		return ret;
	do {
		list.len = 0;
		ret = channel_request(eq, &req);
	} while (ret == -EAGAIN && ++tries < LIST_TRIES);
	ret = handle_leave(eq, ret);
	for (i = 0; !ret && each && i < list.len; i++)
		ret = each(&list.services[i], user);
	free(list.services);
	return ret;
}
