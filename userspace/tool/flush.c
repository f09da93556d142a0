// SPDX-License-Identifier: GPL-2.0-only
/* equic flush */
#include <errno.h>

#include "parse_addr.h"
#include "tool.h"

int cmd_flush(struct args *args)
{
	struct equic_key key = { 0 };
	char text[EQUIC_ADDR_TEXT];
	struct equic *eq;
	int err, ret = TOOL_OK;

	if (args_take(args, "service"))
		ret = args_key(args, "service", &key);
	ret = ret ? ret : args_end(args);
	if (ret)
		return ret;
	eq = tool_open();
	if (!eq)
		return TOOL_REFUSED;
	err = equic_flush(eq, key.port ? &key : NULL);
	if (err)
		ret = refused_by(eq, err, err == -ENOENT ?
				 "\"equic service show\" lists those there are" :
				 NULL, "%s", key.port ? format_key(&key, text) :
				 "every service");
	equic_close(eq);
	return ret;
}
