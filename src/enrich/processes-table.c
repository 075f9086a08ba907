/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/processes-table.h"

#include "base/units.h"

/* --- lists of entries without children --- */

static struct rs_process_list *list_of(struct rs_process_table *table,
				       const struct rs_process *process)
{
	return process->ended ? &table->ended : &table->running;
}

static void list_add(struct rs_process_table *table, struct rs_process *process)
{
	struct rs_process_list *list = list_of(table, process);

	process->leaf = true;
	process->newer = NULL;
	process->older = list->newest;
	*(list->newest ? &list->newest->newer : &list->oldest) = process;
	list->newest = process;
}

static void list_remove(struct rs_process_table *table, struct rs_process *process)
{
	struct rs_process_list *list = list_of(table, process);

	if (!process->leaf)
		return;
	process->leaf = false;
	*(process->older ? &process->older->newer : &list->oldest) = process->newer;
	*(process->newer ? &process->newer->older : &list->newest) = process->older;
}

/* --- references --- */

struct rs_process *rs_process_ref(struct rs_process_table *table, struct rs_process *process)
{
	process->refs++;
	list_remove(table, process);
	return process;
}

static void process_free(struct rs_process_table *table, struct rs_process *process)
{
	if (table->last == process)
		table->last = NULL;
	table->count--;
	rs_process_set_text(table, &process->exe, NULL);
	rs_process_set_text(table, &process->args, NULL);
	rs_process_set_text(table, &process->cwd, NULL);
	free(process);
}

/* With one goes its reference to its parent, and so on: a chain may be as long as the table. */
void rs_process_unref(struct rs_process_table *table, struct rs_process *process)
{
	while (process && --process->refs == 0) {
		struct rs_process *parent = process->parent;

		process_free(table, process);
		process = parent;
	}
	if (process && process->refs == 1 && process->listed)
		list_add(table, process);
}

/* --- the map --- */

/* Takes the entry out of the chain of its twins, and the chain out of the map when it is empty. */
static void unlist(struct rs_process_table *table, struct rs_process *process)
{
	struct rs_process *first = rs_hashmap_find_u64(table->map, process->pid);
	struct rs_process **at = &first;

	while (*at != process)
		at = &(*at)->twin;
	*at = process->twin;
	if (!first)
		rs_hashmap_remove_u64(table->map, process->pid);
	else if (at == &first)
		rs_hashmap_put_u64(table->map, process->pid, first); /* in the place of another */
	process->listed = false;
}

static void forget(struct rs_process_table *table, struct rs_process *process)
{
	if (table->last == process)
		table->last = NULL;
	list_remove(table, process);
	unlist(table, process);
	rs_process_unref(table, process);
}

/* The clock hand: it forgives each entry that was used once. */
static struct rs_process *oldest_unused(struct rs_process_table *table)
{
	for (;;) {
		struct rs_process *process = table->running.oldest;

		if (!process || !process->used)
			return process;
		process->used = false;
		list_remove(table, process);
		list_add(table, process);
	}
}

static bool evict(struct rs_process_table *table)
{
	struct rs_process *process = table->ended.oldest;

	if (!process)
		process = oldest_unused(table);
	if (!process)
		return false;
	table->evicted++;
	forget(table, process);
	return true;
}

/* Whether the start in ns is that of the entry: exactly, or as far as /proc tells. */
static bool started(const struct rs_process_table *table, const struct rs_process *process,
		    uint64_t start)
{
	if (likely(process->start))
		return process->start == start;
	return start - start % table->tick_ns == process->order;
}

struct rs_process *rs_process_find(struct rs_process_table *table, uint32_t pid, uint64_t start)
{
	struct rs_process *process = table->last;

	if (process && process->pid == pid && process->start == start) {
		process->used = true;
		return process;
	}
	process = rs_hashmap_find_u64(table->map, pid);
	while (process && !started(table, process, start))
		process = process->twin;
	if (!process)
		return NULL;
	process->start = start;
	process->used = true;
	table->last = process;
	return process;
}

struct rs_process *rs_process_running(struct rs_process_table *table, uint32_t pid)
{
	struct rs_process *process = rs_hashmap_find_u64(table->map, pid);

	while (process && process->ended)
		process = process->twin;
	if (process)
		process->used = true;
	return process;
}

/* Of all entries of a pid only the youngest may still run, whether or not we were told of an end. One
 * that nobody has a reference to goes when they are many. */
static void end_twins(struct rs_process_table *table, struct rs_process *process)
{
	struct rs_process *last = NULL;
	unsigned n = 1;

	for (struct rs_process *twin = process->twin; twin; twin = twin->twin, n++) {
		if (twin->order <= process->order)
			rs_process_end(table, twin, process->order);
		else
			rs_process_end(table, process, twin->order);
		if (twin->leaf)
			last = twin;
	}
	if (n > RS_PROCESS_TWINS && last)
		forget(table, last);
}

struct rs_process *rs_process_add(struct rs_process_table *table, uint32_t pid, uint64_t start,
				  uint64_t ticks)
{
	struct rs_process *process;

	while (table->count >= table->max && evict(table))
		;
	process = table->count < table->max ? calloc(1, sizeof(*process)) : NULL;
	if (!process)
		return NULL;
	process->pid = pid;
	process->start = start;
	process->order = start ? start : ticks * table->tick_ns;
	process->uid = RS_PROCESS_NOBODY;
	process->refs = 1;
	process->listed = true;
	process->twin = rs_hashmap_find_u64(table->map, pid);
	if (rs_hashmap_put_u64(table->map, pid, process) < 0) {
		free(process);
		return NULL;
	}
	table->count++;
	list_add(table, process);
	if (unlikely(process->twin))
		end_twins(table, process);
	return process;
}

/* --- entries --- */

void rs_process_end(struct rs_process_table *table, struct rs_process *process, uint64_t when)
{
	bool leaf = process->leaf;

	if (process->ended)
		return;
	list_remove(table, process);
	process->ended = when ? when : 1;
	if (leaf)
		list_add(table, process);
}

void rs_process_revive(struct rs_process_table *table, struct rs_process *process)
{
	const struct rs_process *twin = rs_hashmap_find_u64(table->map, process->pid);
	bool leaf = process->leaf;

	while (twin && twin->order <= process->order)
		twin = twin->twin;
	if (!process->ended || twin)
		return;
	list_remove(table, process);
	process->ended = 0;
	if (leaf)
		list_add(table, process);
}

static bool before(const struct rs_process *a, const struct rs_process *b)
{
	return a->order != b->order ? a->order < b->order : a->pid < b->pid;
}

bool rs_process_set_parent(struct rs_process_table *table, struct rs_process *process,
			   struct rs_process *parent)
{
	struct rs_process *old = process->parent;
	bool possible = !parent || before(parent, process);

	if (!possible)
		parent = NULL;
	if (parent == old)
		return possible;
	process->parent = parent ? rs_process_ref(table, parent) : NULL;
	rs_process_unref(table, old);
	return possible;
}

void rs_process_set_name(struct rs_process *process, const char *comm)
{
	size_t n = strnlen(comm, RS_COMM_SIZE - 1);

	memset(process->comm, 0, RS_COMM_SIZE);
	memcpy(process->comm, comm, n);
	process->named = true;
}

void rs_process_set_text(struct rs_process_table *table, struct rs_shared_text **place,
			 struct rs_shared_text *text)
{
	struct rs_shared_text *old = *place;

	*place = text;
	rs_shared_text_unref(&table->texts, &old);
}

struct rs_shared_text *rs_process_text(struct rs_process_table *table, const char *data, size_t len)
{
	struct rs_shared_text *text;

	if (!len)
		return NULL;
	for (;;) {
		text = rs_shared_text_get(&table->texts, data, len);
		if (text)
			return text;
		if (!table->ended.oldest)
			break;
		table->evicted++;
		forget(table, table->ended.oldest);
	}
	table->refused++;
	return NULL;
}

void rs_process_expire(struct rs_process_table *table, uint64_t before_ns)
{
	for (unsigned i = 0; i < RS_PROCESS_EXPIRE; i++) {
		struct rs_process *process = table->ended.oldest;

		if (!process || process->ended >= before_ns)
			return;
		forget(table, process);
	}
}

/* --- life --- */

int rs_process_table_init(struct rs_process_table *table, size_t max, size_t bytes_max)
{
	struct rs_hashmap_opts options = { .max = max };
	int r;

	*table = (struct rs_process_table){ .max = max };
	table->tick_ns = RS_NSEC_PER_SEC / (uint64_t)MAX(sysconf(_SC_CLK_TCK), 1);
	r = rs_shared_texts_init(&table->texts, max + max / 2, bytes_max);
	return r < 0 ? r : rs_hashmap_new_u64(&options, &table->map);
}

/* Those without children go, and make others such, until there is none. */
void rs_process_table_done(struct rs_process_table *table)
{
	struct rs_process *process;

	while ((process = table->ended.oldest ? table->ended.oldest : table->running.oldest))
		forget(table, process);
	rs_hashmap_free(&table->map);
	rs_shared_texts_done(&table->texts);
}
