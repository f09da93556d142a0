// SPDX-License-Identifier: GPL-2.0-only
#include "key.h"
#include "event.h"
#include "netns.h"
#include "owner.h"

#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/random.h>
#include <linux/slab.h>

static unsigned int max_keys = 1 << 14;
module_param(max_keys, uint, 0444);
MODULE_PARM_DESC(max_keys, "packet protection keys per network namespace");

/* The crypto API charges nobody: some 10 KiB for each epoch. */
static unsigned int max_keys_user = 1 << 8;
module_param(max_keys_user, uint, 0444);
MODULE_PARM_DESC(max_keys_user,
		 "the same for a namespace owned by a user namespace");

static unsigned int keys_max(const struct equic_net *en)
{
	return en->net->user_ns == &init_user_ns ? max_keys : max_keys_user;
}

void equic_epoch_destroy(struct equic_epoch *epoch)
{
	equic_aead_free(&epoch->aead);
	kfree_sensitive(epoch);
}

static void epoch_free_work(struct work_struct *work)
{
	equic_epoch_destroy(container_of(to_rcu_work(work), struct equic_epoch,
					 free));
}

/* It is in no key any more; programs may still be using it. */
static void epoch_release(struct equic_epoch *epoch)
{
	if (epoch)
		queue_rcu_work(equic_wq, &epoch->free);
}

struct equic_epoch *equic_epoch_new(const struct equic_key_params *params,
				    struct netlink_ext_ack *extack)
{
	struct equic_epoch *epoch = kzalloc(sizeof(*epoch), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!epoch)
		return ERR_PTR(-ENOMEM);
	ret = equic_aead_init(&epoch->aead, &equic_ciphers[params->cipher],
			      params->key, params->iv, extack);
	if (ret) {
		kfree(epoch);
		return ERR_PTR(ret);
	}
	epoch->number = params->epoch;
	if (params->use == EQUIC_KEY_USE_SEAL)
		equic_window_init(&epoch->window, params->pn);
	else
		atomic64_set(&epoch->first_pn, EQUIC_PN_END);
	INIT_RCU_WORK(&epoch->free, epoch_free_work);
	return epoch;
}

void equic_key_destroy(struct equic_key *key)
{
	struct equic_epoch *epochs[] = {
		rcu_dereference_protected(key->previous, true),
		rcu_dereference_protected(key->current_, true),
		rcu_dereference_protected(key->next, true),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(epochs); i++)
		if (epochs[i])
			equic_epoch_destroy(epochs[i]);
	equic_header_key_free(&key->header);
	kfree_sensitive(key);
}

static void key_free_work(struct work_struct *work)
{
	equic_key_destroy(container_of(to_rcu_work(work), struct equic_key,
				       free));
}

struct equic_key *equic_key_new(const struct equic_key_params *params,
				struct netlink_ext_ack *extack)
{
	const struct equic_cipher_info *info = &equic_ciphers[params->cipher];
	struct equic_epoch *epoch;
	struct equic_key *key;
	int ret;

	ret = equic_aead_prepare();
	if (ret)
		return ERR_PTR(ret);
	key = kzalloc(sizeof(*key), GFP_KERNEL_ACCOUNT);
	if (!key)
		return ERR_PTR(-ENOMEM);
	key->use = params->use;
	key->level = params->level;
	key->cipher = params->cipher;
	key->packets_max = params->packets_max;
	key->failures_max = params->failures_max;
	atomic64_set(&key->pn_expected, params->pn);
	spin_lock_init(&key->lock);
	INIT_LIST_HEAD(&key->owner_list);
	INIT_RCU_WORK(&key->free, key_free_work);

	ret = equic_header_key_init(&key->header, info, params->header, extack);
	if (ret)
		goto err_key;
	epoch = equic_epoch_new(params, extack);
	if (IS_ERR(epoch)) {
		ret = PTR_ERR(epoch);
		goto err_header;
	}
	RCU_INIT_POINTER(key->current_, epoch);
	return key;

err_header:
	equic_header_key_free(&key->header);
err_key:
	kfree(key);
	return ERR_PTR(ret);
}

static struct equic_key_table *table_locked(const struct equic_net *en)
{
	return rcu_dereference_protected(en->keys.table,
					 lockdep_is_held(&en->lock));
}

static int table_alloc(struct equic_net *en)
{
	struct equic_key_table *table;
	u32 size;

	if (table_locked(en))
		return 0;
	size = roundup_pow_of_two(keys_max(en));
	table = kvzalloc(struct_size(table, slots, size), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	table->size = size;
	rcu_assign_pointer(en->keys.table, table);
	return 0;
}

/*
 * Numbers are not used again soon: a program may still have one. Some slot is
 * free, for there are as many as keys may be.
 */
static void table_insert(struct equic_net *en, struct equic_key *key)
{
	struct equic_key_table *table = table_locked(en);
	struct equic_key __rcu **slot;

	do {
		if (en->keys.cursor > EQUIC_KEY_ID_MAX)
			en->keys.cursor = 1;
		key->id = en->keys.cursor++;
		slot = &table->slots[key->id & (table->size - 1)];
	} while (rcu_access_pointer(*slot));
	rcu_assign_pointer(*slot, key);
}

static void table_remove(struct equic_net *en, const struct equic_key *key)
{
	struct equic_key_table *table = table_locked(en);

	RCU_INIT_POINTER(table->slots[key->id & (table->size - 1)], NULL);
}

struct equic_key *equic_key_find_locked(struct equic_net *en, u32 id)
{
	struct equic_key *key;

	lockdep_assert_held(&en->lock);
	rcu_read_lock_bh();
	key = equic_key_find(&en->keys, id);
	rcu_read_unlock_bh();
	return key;
}

int equic_key_add(struct equic_net *en, struct equic_owner *owner,
		  struct equic_key *key, struct netlink_ext_ack *extack)
{
	struct equic_keys *keys = &en->keys;
	int ret;

	lockdep_assert_held(&en->lock);
	if (keys->nr >= keys_max(en)) {
		NL_SET_ERR_MSG(extack,
			       "too many keys in this namespace: raise max_keys, or max_keys_user, of the module");
		return -ENOSPC;
	}
	ret = table_alloc(en);
	if (ret)
		return ret;
	key->en = en;
	key->owner = owner;
	table_insert(en, key);
	list_add_tail(&key->owner_list, &owner->keys);
	keys->nr++;
	return 0;
}

static struct equic_epoch *epoch_locked(const struct equic_key *key,
					struct equic_epoch __rcu *const *where)
{
	return rcu_dereference_protected(*where, lockdep_is_held(&key->lock));
}

/* The next epoch becomes the current one. */
static struct equic_epoch *key_shift(struct equic_key *key)
{
	struct equic_epoch *old = epoch_locked(key, &key->previous);

	rcu_assign_pointer(key->previous, epoch_locked(key, &key->current_));
	rcu_assign_pointer(key->current_, epoch_locked(key, &key->next));
	RCU_INIT_POINTER(key->next, NULL);
	return old;
}

/*
 * Opening keys: what comes after the current epoch, once it comes. The owner may
 * have seen an update of which no program has opened a packet: then the next one
 * is current, and the new one is next.
 */
static int key_install_next(struct equic_key *key, struct equic_epoch *epoch,
			    u64 pn, struct equic_epoch **old)
{
	struct equic_epoch *next = epoch_locked(key, &key->next);

	if (next && epoch->number == next->number + 1) {
		atomic64_set(&next->first_pn,
			     max_t(u64, pn, atomic64_read(&key->pn_expected)));
		*old = key_shift(key);
	} else if (epoch->number == epoch_locked(key, &key->current_)->number + 1) {
		*old = next;
	} else {
		return -EINVAL;
	}
	equic_key_expect(key, pn);
	rcu_assign_pointer(key->next, epoch);
	return 0;
}

/* Sealing keys: the new one, and the one before it for numbers on their way. */
static int key_install_newest(struct equic_key *key, struct equic_epoch *epoch,
			      struct equic_epoch **old)
{
	struct equic_epoch *current_ = epoch_locked(key, &key->current_);

	if (epoch->number != current_->number + 1)
		return -EINVAL;
	*old = epoch_locked(key, &key->previous);
	rcu_assign_pointer(key->previous, current_);
	rcu_assign_pointer(key->current_, epoch);
	return 0;
}

int equic_key_update(struct equic_key *key, struct equic_epoch *epoch, u64 pn,
		     struct netlink_ext_ack *extack)
{
	struct equic_epoch *old = NULL;
	int ret;

	lockdep_assert_held(&key->en->lock);
	spin_lock_bh(&key->lock);
	ret = key->use == EQUIC_KEY_USE_OPEN ?
		key_install_next(key, epoch, pn, &old) :
		key_install_newest(key, epoch, &old);
	spin_unlock_bh(&key->lock);
	epoch_release(old);
	if (ret)
		NL_SET_ERR_MSG(extack, "the epoch does not follow the key's current one");
	return ret;
}

/* The packet path: BH is disabled. */
void equic_key_promote(struct equic_key *key, struct equic_epoch *next)
{
	struct equic_epoch *old = NULL;
	bool promoted;

	spin_lock(&key->lock);
	promoted = rcu_access_pointer(key->next) == next;
	if (promoted)
		old = key_shift(key);
	spin_unlock(&key->lock);
	epoch_release(old);
	if (promoted)
		equic_event_key(key, EQUIC_EVENT_KEY_UPDATED, next->number);
}

/*
 * Of a packet of the phase @phase that is not the current one's (RFC 9001, 6.3
 * and 6.5): the epoch before, if the number is below what the current one began
 * with, and otherwise the one after. All three are looked at as they belong
 * together: the current one may have changed since.
 */
struct equic_epoch *equic_key_other_phase(struct equic_key *key, bool phase,
					  u64 pn)
{
	struct equic_epoch *epoch, *previous;

	spin_lock(&key->lock);
	epoch = epoch_locked(key, &key->current_);
	if (phase != (epoch->number & 1)) {
		previous = epoch_locked(key, &key->previous);
		if (previous && pn < atomic64_read(&epoch->first_pn))
			epoch = previous;
		else
			epoch = epoch_locked(key, &key->next);
	}
	spin_unlock(&key->lock);
	return epoch;
}

void equic_key_del(struct equic_key *key)
{
	struct equic_net *en = key->en;

	lockdep_assert_held(&en->lock);
	table_remove(en, key);
	list_del(&key->owner_list);
	en->keys.nr--;
	queue_rcu_work(equic_wq, &key->free);
}

/* The owner's socket is gone. */
void equic_keys_end(struct equic_owner *owner)
{
	struct equic_key *key, *tmp;

	list_for_each_entry_safe(key, tmp, &owner->keys, owner_list)
		equic_key_del(key);
}

void equic_keys_init(struct equic_net *en)
{
	/*
	 * Not from 1: whoever has the number of a key from before the module was
	 * loaded again should find none.
	 */
	en->keys.cursor = get_random_u32_inclusive(1, EQUIC_KEY_ID_MAX);
}

/* After all owners are gone. */
void equic_keys_exit(struct equic_net *en)
{
	WARN_ON(en->keys.nr);
	kvfree(rcu_dereference_protected(en->keys.table, true));
}
