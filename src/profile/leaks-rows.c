/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/leaks-rows.h"

#include <errno.h>
#include <string.h>

#include "base/hashmap.h"

struct key {
	uint32_t pid, kind;
	struct rs_stack_pair stacks;
};

void rs_leak_rows_done(struct rs_leak_rows *rows)
{
	rs_vec_done(&rows->list);
	rs_intern_done(&rows->index);
}

void rs_leak_rows_reset(struct rs_leak_rows *rows)
{
	rs_vec_reset(&rows->list);
	rs_intern_done(&rows->index);
}

static bool same(const void *things, uint32_t number, const void *data)
{
	const struct rs_leak *row = (const struct rs_leak *)things + number;
	const struct key *key = data;

	return row->pid == key->pid && row->kind == key->kind &&
	       row->stacks.user == key->stacks.user && row->stacks.kernel == key->stacks.kernel;
}

struct rs_leak *rs_leak_rows_find(struct rs_leak_rows *rows, uint32_t pid, enum rs_mem_kind kind,
				  const struct rs_stack_pair *stacks)
{
	const struct key key = { pid, kind, *stacks };
	uint32_t n = rs_intern_find(&rows->index, rs_hash_bytes(&key, sizeof(key)), same,
				    rows->list.items, &key);

	return n == UINT32_MAX ? NULL : &rows->list.items[n];
}

struct rs_leak *rs_leak_rows_get(struct rs_leak_rows *rows, uint32_t pid, enum rs_mem_kind kind,
				 const struct rs_stack_pair *stacks)
{
	const struct key key = { pid, kind, *stacks };
	const struct rs_leak fresh = { .pid = pid, .kind = kind, .stacks = *stacks };
	struct rs_leak *row = rs_leak_rows_find(rows, pid, kind, stacks);

	if (row)
		return row;
	if (rs_vec_reserve(&rows->list, 1) || rs_intern_reserve(&rows->index))
		return NULL;
	rs_intern_add(&rows->index, rs_hash_bytes(&key, sizeof(key)));
	rows->list.items[rows->list.len++] = fresh;
	return rs_vec_last(&rows->list);
}

int rs_leak_rows_add(struct rs_leak_rows *rows, const struct rs_leak_rows *more)
{
	rs_vec_foreach(&more->list, it)
	{
		struct rs_leak *row = rs_leak_rows_get(rows, it->pid, it->kind, &it->stacks);

		if (!row)
			return -ENOMEM;
		/* A new process with the number of one that is gone: one row for both. */
		row->bytes += it->bytes;
		row->count += it->count;
		row->blocks += it->blocks;
		row->age += it->age;
		row->oldest = row->oldest > it->oldest ? row->oldest : it->oldest;
		row->ended = it->ended && row->blocks == it->blocks;
	}
	return 0;
}

static int larger_first(const void *a, const void *b)
{
	const struct rs_leak *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->stacks.user < y->stacks.user ? -1 : x->stacks.user > y->stacks.user;
}

int rs_leak_rows_compare(struct rs_leak_rows *rows, const struct rs_leak_rows *before)
{
	rs_vec_foreach(&rows->list, row)
	{
		row->more_bytes = row->bytes;
		row->more_count = row->count;
	}
	rs_vec_foreach(&before->list, it)
	{
		struct rs_leak *row = rs_leak_rows_get(rows, it->pid, it->kind, &it->stacks);

		if (!row)
			return -ENOMEM;
		row->more_bytes -= it->bytes;
		row->more_count -= it->count;
	}
	if (rows->list.len)
		qsort(rows->list.items, rows->list.len, sizeof(*rows->list.items), larger_first);
	rs_intern_done(&rows->index); /* the order is another now */
	return 0;
}
