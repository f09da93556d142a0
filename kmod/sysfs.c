// SPDX-License-Identifier: GPL-2.0-only
#include "sysfs.h"
#include "bypass.h"
#include "client.h"
#include "conn.h"
#include "netns.h"
#include "nl_stats.h"
#include "version.h"

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

static struct kobject *equic_kobj;

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", EQUIC_VERSION);
}

static ssize_t features_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "quota bypass events kfunc-xdp kfunc-tc\n");
}

static ssize_t max_clients_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", equic_max_clients(&init_net));
}

static ssize_t max_conns_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", equic_max_conns(&init_net));
}

static ssize_t totals_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct equic_net *en = equic_net(&init_net);
	struct equic_totals t;

	mutex_lock(&en->lock);
	equic_totals(en, &t);
	mutex_unlock(&en->lock);
	return sysfs_emit(buf,
			  "services %u\nowners %u\nclients %u\nopen %u\npending %u\n"
			  "passed_packets %llu\npassed_bytes %llu\n"
			  "dropped_packets %llu\ndropped_bytes %llu\n"
			  "would_drop_packets %llu\nadmitted %llu\nexpired %llu\n"
			  "events_lost %lu\n",
			  t.services, t.owners, t.clients, t.open, t.pending,
			  t.sums.n[EQUIC_COUNT_PASSED_PACKETS],
			  t.sums.n[EQUIC_COUNT_PASSED_BYTES],
			  equic_sums_dropped(&t.sums),
			  t.sums.n[EQUIC_COUNT_DROPPED_BYTES],
			  t.sums.n[EQUIC_COUNT_WOULD_DROP],
			  t.sums.n[EQUIC_COUNT_ADMITTED],
			  t.sums.n[EQUIC_COUNT_EXPIRED], t.events_lost);
}

/* 1 or 0: of the machine, all namespaces. */
static ssize_t bypass_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", equic_bypass_on(&equic_bypass_machine));
}

static ssize_t bypass_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	bool on;
	int ret = kstrtobool(buf, &on);

	if (ret)
		return ret;
	equic_bypass_set(&equic_bypass_machine,
			 on ? EQUIC_BYPASS_FOREVER_MS : 0);
	return count;
}

static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute features_attr = __ATTR_RO(features);
static struct kobj_attribute max_clients_attr = __ATTR_RO(max_clients);
static struct kobj_attribute max_conns_attr = __ATTR_RO(max_conns);
static struct kobj_attribute totals_attr = __ATTR_RO_MODE(totals, 0400);
static struct kobj_attribute bypass_attr = __ATTR_RW(bypass);

static struct attribute *equic_attrs[] = {
	&version_attr.attr,
	&features_attr.attr,
	&max_clients_attr.attr,
	&max_conns_attr.attr,
	&totals_attr.attr,
	&bypass_attr.attr,
	NULL
};

static const struct attribute_group equic_attr_group = {
	.attrs = equic_attrs,
};

int __init equic_sysfs_init(void)
{
	int ret;

	equic_kobj = kobject_create_and_add("equic", kernel_kobj);
	if (!equic_kobj)
		return -ENOMEM;
	ret = sysfs_create_group(equic_kobj, &equic_attr_group);
	if (ret)
		kobject_put(equic_kobj);
	return ret;
}

void equic_sysfs_exit(void)
{
	kobject_put(equic_kobj);
}
