/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/units.h"
#include "kern/elf-place.h"
#include "kern/ring.h"
#include "profile/symbols-internal.h"
#include "profile/unwind-files.h"

#define IN_VAIN_NS RS_NSEC_PER_SEC /* how long nobody asks again for a file that could not be had */
#define SWEEP_NS   RS_NSEC_PER_SEC /* between two times of making room */
#define FILE_IDS   8               /* numbers that one file has */

struct rs_unwind {
	struct rs_symbols *symbols;
	int codes_map;
	struct rs_ring *asks;
	struct rs_unwind_piece *pieces; /* the map's own memory */
	size_t pieces_bytes;
	struct rs_unwind_files files;
	uint64_t swept;   /* monotonic ns */
	uint64_t no_room; /* times that there was none for a file's number */
};

/* ---- room ---- */

static bool is_same_id(const struct rs_unwind_id *a, const struct rs_unwind_id *b)
{
	return a->inode == b->inode && a->device == b->device;
}

static size_t list_ids(const struct rs_unwind *unwind, struct rs_unwind_id *ids)
{
	size_t n = 0;

	while (n < RS_UNWIND_CODES &&
	       !bpf_map_get_next_key(unwind->codes_map, n ? &ids[n - 1] : NULL, &ids[n]))
		n++;
	return n;
}

/* Forgets what no program has looked at since the last time. */
static void forget_unused(struct rs_unwind *unwind)
{
	_cleanup_(rs_cleanup_free) struct rs_unwind_id *ids = calloc(RS_UNWIND_CODES, sizeof(*ids));
	size_t n = ids ? list_ids(unwind, ids) : 0;

	for (size_t i = 0; i < n; i++) {
		struct rs_unwind_code code;

		if (bpf_map_lookup_elem(unwind->codes_map, &ids[i], &code))
			continue;
		if (!code.used || !code.known) {
			bpf_map_delete_elem(unwind->codes_map, &ids[i]);
			continue;
		}
		code.used = 0;
		bpf_map_update_elem(unwind->codes_map, &ids[i], &code, BPF_EXIST);
	}
}

/* Do programs find the file under one of its numbers? */
static bool is_known(const struct rs_unwind *unwind, const struct rs_unwind_file *file)
{
	struct rs_unwind_code code;

	rs_vec_foreach(&file->ids, id)
	{
		if (!bpf_map_lookup_elem(unwind->codes_map, id, &code) && code.known &&
		    code.n == file->n && code.first == file->first)
			return true;
	}
	return false;
}

static void mark(void *data)
{
	struct rs_unwind *unwind = data;
	uint64_t now = rs_clock_mono();
	bool forget = !unwind->swept || now - unwind->swept > SWEEP_NS;
	struct rs_hashmap_entry entry;
	size_t at = 0;

	if (forget) {
		unwind->swept = now;
		forget_unused(unwind);
	}
	while (rs_hashmap_next(unwind->files.files, &at, &entry)) {
		struct rs_unwind_file *file = entry.value;

		file->alive = !forget || is_known(unwind, file);
	}
}

/* ---- telling the programs ---- */

/* @file: what the code is of; NULL: nothing that we have. */
static void tell(struct rs_unwind *unwind, const struct rs_unwind_id *id,
		 const struct rs_unwind_code *code, struct rs_unwind_file *file)
{
	int r = bpf_map_update_elem(unwind->codes_map, id, code, BPF_ANY);

	if (r != -E2BIG)
		return;
	mark(unwind);
	if (file)
		file->alive = true;
	rs_unwind_files_drop(&unwind->files);
	r = bpf_map_update_elem(unwind->codes_map, id, code, BPF_ANY);
	if (r == -E2BIG)
		unwind->no_room++;
}

/* It is not asked for again for a while. */
static void tell_nothing(struct rs_unwind *unwind, const struct rs_unwind_id *id)
{
	const struct rs_unwind_code code = { .used = 1, .asked = rs_clock_mono() + IN_VAIN_NS };

	tell(unwind, id, &code, NULL);
}

static bool has_id(const struct rs_unwind_file *file, const struct rs_unwind_id *id)
{
	rs_vec_foreach(&file->ids, known)
	{
		if (is_same_id(known, id))
			return true;
	}
	return false;
}

static void publish(struct rs_unwind *unwind, const struct rs_unwind_id *id,
		    struct rs_symbols_file *from)
{
	struct rs_unwind_file *file;
	struct rs_unwind_code code = { .known = 1, .used = 1 };

	if (rs_unwind_files_get(&unwind->files, from, &file) < 0) {
		tell_nothing(unwind, id);
		return;
	}
	if (!has_id(file, id) && (file->ids.len >= FILE_IDS || rs_vec_push(&file->ids, *id) < 0)) {
		tell_nothing(unwind, id);
		return;
	}
	code.first = file->first;
	code.n = file->n;
	tell(unwind, id, &code, file);
}

/* ---- processes ---- */

/* All that it has mapped, by the numbers that /proc shows: most file systems show those that programs will see. */
static void publish_all(struct rs_unwind *unwind, const struct rs_symbols_process *process)
{
	for (size_t i = 0; i < process->mappings.len; i++) {
		struct rs_symbols_file *file = process->mappings.items[i].file;
		struct rs_unwind_code code;
		struct rs_unwind_id id;

		if (!file)
			continue;
		id = (struct rs_unwind_id){ file->inode, file->device };
		if (bpf_map_lookup_elem(unwind->codes_map, &id, &code) || !code.known)
			publish(unwind, &id, file);
	}
}

void rs_unwind_prepare(struct rs_unwind *unwind, uint32_t pid)
{
	const struct rs_symbols_process *now = rs_symbols_process_now(unwind->symbols, pid);

	if (now)
		publish_all(unwind, now);
}

/* What is mapped there; NULL: it was something else that programs saw. */
static const struct rs_symbols_mapping *find_asked(const struct rs_symbols_process *process,
						   const struct rs_unwind_ask *ask)
{
	for (size_t i = 0; i < process->mappings.len; i++) {
		const struct rs_symbols_mapping *m = &process->mappings.items[i];

		if (m->start > ask->start || ask->start >= m->end)
			continue;
		if (!m->file || ask->start - m->start + m->offset != ask->offset)
			return NULL;
		return !m->file->elf || !ask->id.device || rs_elf_size(m->file->elf) == ask->size
			       ? m
			       : NULL;
	}
	return NULL;
}

/* The number is the kernel's, and /proc may show another: so the file is known by where it is mapped. Where a process is
 * gone before we come, the next one that has the file mapped asks. */
static void answer(struct rs_unwind *unwind, const struct rs_unwind_ask *ask)
{
	const struct rs_symbols_process *now = rs_symbols_process_now(unwind->symbols, ask->tgid);
	const struct rs_symbols_mapping *mapping = now ? find_asked(now, ask) : NULL;

	if (mapping)
		publish(unwind, &ask->id, mapping->file);
	else if (!kill((pid_t)ask->tgid, 0) || errno == EPERM)
		tell_nothing(unwind, &ask->id);
	if (now)
		publish_all(unwind, now);
}

static int take_ask(void *data, const void *record, size_t size)
{
	struct rs_unwind_ask ask;

	if (size < sizeof(ask))
		return 0;
	memcpy(&ask, record, sizeof(ask));
	answer(data, &ask);
	return 0;
}

void rs_unwind_tick(struct rs_unwind *unwind)
{
	size_t count;

	rs_ring_consume(unwind->asks, take_ask, unwind, 0, &count);
}

int rs_unwind_fd(const struct rs_unwind *unwind)
{
	return rs_ring_fd(unwind->asks);
}

int rs_unwind_losses(const struct rs_unwind *unwind, struct rs_profile *profile)
{
	uint64_t n = unwind->files.no_room + unwind->no_room;
	char text[160];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64 " files have no tables for walking stacks: no room",
		 n);
	return rs_profile_note(profile, text);
}

/* ---- life ---- */

static int open_maps(struct rs_unwind *unwind, struct bpf_object *object, struct rs_error *err)
{
	int pieces = bpf_object__find_map_fd_by_name(object, "rs_unwind_pieces");
	int asks = bpf_object__find_map_fd_by_name(object, "rs_unwind_asks");
	void *map;

	unwind->codes_map = bpf_object__find_map_fd_by_name(object, "rs_unwind_codes");
	if (pieces < 0 || asks < 0 || unwind->codes_map < 0)
		return rs_error_set(err, -EOPNOTSUPP, "the BPF object walks no stacks by tables");
	map = mmap(NULL, unwind->pieces_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, pieces, 0);
	if (map == MAP_FAILED)
		return rs_error_set_errno(err, -errno, "mapping the tables of files");
	unwind->pieces = map;
	return rs_ring_open(asks, RS_UNWIND_ASKS_BYTES, NULL, &unwind->asks, err);
}

static int make_tables(struct rs_unwind *unwind, struct bpf_object *object, struct rs_error *err)
{
	int chunks = bpf_object__find_map_fd_by_name(object, "rs_unwind_chunks");
	int r = rs_unwind_files_init(&unwind->files, chunks, unwind->pieces);

	unwind->files.mark = mark;
	unwind->files.data = unwind;
	return r < 0 ? rs_error_set_errno(err, r, "making tables for walking stacks") : 0;
}

int rs_unwind_new(struct bpf_object *object, struct rs_symbols *symbols,
		  struct rs_unwind **ret_unwind, struct rs_error *err)
{
	_cleanup_(rs_unwind_free) struct rs_unwind *unwind = calloc(1, sizeof(*unwind));
	const struct rs_unwind_control control = { .on = 1 };
	uint32_t zero = 0;
	int r;

	if (!unwind)
		return rs_error_set(err, -ENOMEM, "out of memory");
	unwind->symbols = symbols;
	unwind->pieces_bytes = RS_UNWIND_PIECES * sizeof(struct rs_unwind_piece);
	r = open_maps(unwind, object, err);
	if (!r)
		r = make_tables(unwind, object, err);
	if (r < 0)
		return r;
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "rs_unwind_control"), &zero,
				&control, BPF_ANY))
		return rs_error_set_errno(err, -errno, "turning the walking of stacks on");
	*ret_unwind = TAKE_PTR(unwind);
	return 0;
}

void rs_unwind_free(struct rs_unwind **unwind)
{
	struct rs_unwind *u = TAKE_PTR(*unwind);

	if (!u)
		return;
	if (u->files.files)
		rs_unwind_files_done(&u->files);
	rs_ring_close(&u->asks);
	if (u->pieces)
		munmap(u->pieces, u->pieces_bytes);
	free(u);
}
