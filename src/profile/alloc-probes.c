/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/alloc-probes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/util.h"
#include "bpf/abi/memleak.h"
#include "kern/bpfcall.h"
#include "kern/maps.h"
#include "kern/perfcall.h"
#include "kern/scope.h"

#define FILES_MAX 65536
#define RETURN    "rs_mem_return"

/* A file that was looked at. */
struct file {
	uint64_t dev, inode;
	uint32_t pid; /* for whom; 0: for all */
};

struct rs_alloc_probes {
	struct rs_alloc_probes_options options;
	RS_VEC(struct file) files;
	RS_VEC(int) links;
	size_t with_allocators, places, failed;
	int return_fd;
	int fds[RS_ALLOC_PROGRAM_COUNT];
};

/* --- what the kernel offers --- */

/* A link on what can have no probes fails in its own way where the kernel knows such links. */
static bool can(bool session)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const struct rs_bpf_program program = {
		.type = BPF_PROG_TYPE_KPROBE,
		.attach_type = session ? RS_BPF_TRACE_UPROBE_SESSION : RS_BPF_TRACE_UPROBE_MULTI,
		.insns = insns,
		.n_insns = ARRAY_SIZE(insns),
	};
	const uint64_t offset = 0;
	const struct rs_bpf_uprobes nothing = {
		.path = "/", .offsets = &offset, .count = 1, .session = session
	};
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_load(&program);

	return fd >= 0 && rs_bpf_link_uprobes(fd, &nothing) == -EBADF;
}

enum rs_alloc_how rs_alloc_probes_how(void)
{
	if (can(true))
		return RS_ALLOC_SESSION;
	return can(false) ? RS_ALLOC_MULTI : RS_ALLOC_SINGLE;
}

static void set_type(struct bpf_object *object, const char *name, unsigned type)
{
	bpf_program__set_expected_attach_type(bpf_object__find_program_by_name(object, name), type);
}

void rs_alloc_probes_prepare(enum rs_alloc_how how, struct bpf_object *object)
{
	if (how == RS_ALLOC_SINGLE)
		return;
	for (int i = 0; i < RS_ALLOC_PROGRAM_COUNT; i++)
		set_type(object, rs_alloc_program_name(i),
			 how == RS_ALLOC_SESSION && rs_alloc_gives(i) ? RS_BPF_TRACE_UPROBE_SESSION
								      : RS_BPF_TRACE_UPROBE_MULTI);
	set_type(object, RETURN, RS_BPF_TRACE_UPROBE_MULTI);
	if (how == RS_ALLOC_SESSION)
		bpf_program__set_autoload(bpf_object__find_program_by_name(object, RETURN), false);
}

void rs_alloc_probes_leave_out(struct bpf_object *object)
{
	for (int i = 0; i < RS_ALLOC_PROGRAM_COUNT; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(object, rs_alloc_program_name(i)), false);
	bpf_program__set_autoload(bpf_object__find_program_by_name(object, RETURN), false);
}

/* --- made and freed --- */

static int program_fd(struct bpf_object *object, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

int rs_alloc_probes_new(const struct rs_alloc_probes_options *options,
			struct rs_alloc_probes **ret_probes, struct rs_error *err)
{
	struct rs_alloc_probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return rs_error_set_errno(err, -ENOMEM, "probing allocators");
	probes->options = *options;
	probes->return_fd = program_fd(options->object, RETURN);
	for (int i = 0; i < RS_ALLOC_PROGRAM_COUNT; i++)
		probes->fds[i] = program_fd(options->object, rs_alloc_program_name(i));
	*ret_probes = probes;
	return 0;
}

void rs_alloc_probes_free(struct rs_alloc_probes **probes)
{
	struct rs_alloc_probes *p = TAKE_PTR(*probes);

	if (!p)
		return;
	rs_vec_foreach(&p->links, fd) close(*fd);
	rs_vec_done(&p->links);
	rs_vec_done(&p->files);
	free(p);
}

size_t rs_alloc_probes_files(const struct rs_alloc_probes *probes)
{
	return probes->with_allocators;
}

size_t rs_alloc_probes_places(const struct rs_alloc_probes *probes)
{
	return probes->places;
}

size_t rs_alloc_probes_failed(const struct rs_alloc_probes *probes)
{
	return probes->failed;
}

/* --- links --- */

static int keep_link(struct rs_alloc_probes *probes, int fd)
{
	if (fd < 0)
		return fd;
	if (!rs_vec_push(&probes->links, fd))
		return 0;
	close(fd);
	return -ENOMEM;
}

static int open_single(struct rs_alloc_probes *probes, const char *path, uint64_t offset,
		       uint32_t pid, int prog_fd, bool at_return)
{
	struct perf_event_attr attr = { .sample_period = 1 };
	int type = rs_perf_pmu_type("uprobe"), bit = 0, r;
	_cleanup_(rs_cleanup_close) int fd = -1;

	if (type >= 0 && at_return)
		bit = rs_perf_pmu_return_bit("uprobe");
	if (type < 0 || bit < 0)
		return type < 0 ? type : bit;
	attr.type = (uint32_t)type;
	attr.config = at_return ? 1ull << bit : 0;
	attr.config1 = (uint64_t)(uintptr_t)path;
	attr.config2 = offset;
	fd = rs_perf_open(&attr, pid ? (pid_t)pid : -1, pid ? -1 : 0);
	if (fd < 0)
		return fd;
	r = rs_perf_set_program(fd, prog_fd);
	if (!r)
		r = rs_perf_enable(fd);
	return r ? r : keep_link(probes, TAKE_FD(fd));
}

static int link_single(struct rs_alloc_probes *probes, const char *path,
		       const struct rs_alloc_place *place, uint32_t pid)
{
	/* The return first: whoever is met at the entry is met there too. */
	int r = rs_alloc_gives(place->program)
			? open_single(probes, path, place->offset, pid, probes->return_fd, true)
			: 0;

	return r ? r
		 : open_single(probes, path, place->offset, pid, probes->fds[place->program],
			       false);
}

/* Some of the places that are chosen. */
struct batch {
	uint64_t offsets[128], cookies[128];
	uint32_t n;
};

/* From place number *@at on, which is moved behind them; @program -1: all that give memory. */
static void choose(const struct rs_alloc_places *places, int program, size_t *at,
		   struct batch *batch)
{
	batch->n = 0;
	for (; *at < places->list.len && batch->n < ARRAY_SIZE(batch->offsets); ++*at) {
		const struct rs_alloc_place *place = &places->list.items[*at];

		if (program < 0 ? !rs_alloc_gives(place->program) : (int)place->program != program)
			continue;
		batch->offsets[batch->n] = place->offset;
		batch->cookies[batch->n++] = place->leaf ? RS_MEM_LEAF : 0;
	}
}

static int link_batch(struct rs_alloc_probes *probes, const char *path, const struct batch *batch,
		      uint32_t pid, int prog_fd, bool session, bool at_return)
{
	const struct rs_bpf_uprobes uprobes = {
		.path = path,
		.offsets = batch->offsets,
		.cookies = session ? batch->cookies : NULL,
		.count = batch->n,
		.pid = pid,
		.at_return = at_return,
		.session = session,
	};

	return batch->n ? keep_link(probes, rs_bpf_link_uprobes(prog_fd, &uprobes)) : 0;
}

/* Puts the program at all places of @which kind, see choose(). */
static int link_all(struct rs_alloc_probes *probes, const char *path,
		    const struct rs_alloc_places *places, int which, uint32_t pid, int prog_fd,
		    bool session, bool at_return)
{
	struct batch batch;
	size_t at = 0;
	int r = 0;

	while (!r && at < places->list.len) {
		choose(places, which, &at, &batch);
		r = link_batch(probes, path, &batch, pid, prog_fd, session, at_return);
	}
	return r;
}

static int link_multi(struct rs_alloc_probes *probes, const char *path,
		      const struct rs_alloc_places *places, uint32_t pid)
{
	bool sessions = probes->options.how == RS_ALLOC_SESSION;
	int r = 0;

	if (!sessions)
		r = link_all(probes, path, places, -1, pid, probes->return_fd, false, true);
	/* What frees first: what was allocated meanwhile and is freed is not taken for lost. */
	for (int i = RS_ALLOC_PROGRAM_COUNT - 1; i >= 0 && !r; i--)
		r = link_all(probes, path, places, i, pid, probes->fds[i],
			     sessions && rs_alloc_gives(i), false);
	return r;
}

static int link_places(struct rs_alloc_probes *probes, const char *path,
		       const struct rs_alloc_places *places, uint32_t pid)
{
	int r = 0;

	if (probes->options.how != RS_ALLOC_SINGLE)
		return link_multi(probes, path, places, pid);
	for (size_t i = places->list.len; i-- > 0 && !r;)
		r = link_single(probes, path, &places->list.items[i], pid);
	return r;
}

/* --- files of processes --- */

static bool is_known(struct rs_alloc_probes *probes, const struct file *wanted)
{
	rs_vec_foreach(&probes->files, file)
	{
		if (file->inode == wanted->inode && file->dev == wanted->dev &&
		    file->pid == wanted->pid)
			return true;
	}
	return false;
}

/* A regular file, and nothing else is opened: whoever has it mapped chose the name. */
static int open_regular(const char *path, uint64_t inode)
{
	_cleanup_(rs_cleanup_close) int fd = open(path, O_PATH | O_CLOEXEC);
	char self[64];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	if (inode && st.st_ino != inode)
		return -ESTALE;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	r = open(self, O_RDONLY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

/* The file: by its name below the process's root where that is it, else (deleted, or covered by a mount) through the
 * mapping itself. */
static int open_file(uint32_t pid, const struct rs_mapping *map)
{
	char path[4200];
	int fd = -ESTALE;

	if (!map->deleted &&
	    (size_t)snprintf(path, sizeof(path), "/proc/%u/root%s", pid, map->path) < sizeof(path))
		fd = open_regular(path, map->inode);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, pid, map->start,
		 map->end);
	return open_regular(path, 0);
}

/* The very file that was read gets the probes: its name may be another's by now. */
static int probe_fd(struct rs_alloc_probes *probes, uint32_t pid, const struct rs_mapping *map,
		    int fd)
{
	struct rs_alloc_places places = { 0 };
	_cleanup_(rs_elf_close) struct rs_elf *elf = NULL;
	char path[64], root[64], place[4200];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(root, sizeof(root), "/proc/%u/root", pid);
	snprintf(place, sizeof(place), "%s%s", root, map->path);
	r = rs_elf_open(path, root, &elf, NULL);
	if (!r)
		r = rs_elf_set_place(elf, place, "");
	if (!r)
		r = rs_alloc_find(&probes->options.find, elf, map->path, fd, &places);
	if (!r && places.list.len)
		r = link_places(probes, path, &places, probes->options.everybody ? 0 : pid);
	if (!r && places.list.len) {
		probes->with_allocators++;
		probes->places += places.list.len;
	}
	rs_vec_done(&places.list);
	return r;
}

/* Whether it is known now what is in the file; not where the process, or its mapping, went away meanwhile: the next one
 * that has it is looked at. Files that are no programs are mapped executable, too. -errno: it cannot be probed. */
static int probe_file(struct rs_alloc_probes *probes, uint32_t pid, const struct rs_mapping *map,
		      struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = open_file(pid, map);
	int r = fd < 0 ? fd : probe_fd(probes, pid, map, fd);

	if (!r || r == -ENOEXEC)
		return 1;
	if (r == -ENOENT || r == -ESRCH || rs_scope_is_dead(pid))
		return 0;
	return rs_error_set_errno(err, r, "probing the allocator in \"%s\" of process %u",
				  map->path, pid);
}

struct looking {
	struct rs_alloc_probes *probes;
	uint32_t pid;
	struct rs_error *err;
	int result; /* the first failure */
};

static int look_at(void *data, const struct rs_mapping *map)
{
	struct looking *l = data;
	struct rs_alloc_probes *probes = l->probes;
	struct file file = { map->dev, map->inode, probes->options.everybody ? 0 : l->pid };
	int r;

	if (!map->executable || !map->inode || *map->path != '/' || is_known(probes, &file))
		return 0;
	if (probes->files.len == FILES_MAX)
		r = rs_error_set(l->result ? NULL : l->err, -E2BIG, "more than %d files",
				 FILES_MAX);
	else
		r = probe_file(probes, l->pid, map, l->result ? NULL : l->err);
	if (r < 0) {
		probes->failed++;
		l->result = l->result ? l->result : r;
	}
	return r && probes->files.len < FILES_MAX && rs_vec_push(&probes->files, file) ? -ENOMEM
										       : 0;
}

int rs_alloc_probes_process(struct rs_alloc_probes *probes, uint32_t pid, struct rs_error *err)
{
	struct looking looking = { probes, pid, err, 0 };
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	r = rs_maps_walk(path, RS_MAPS_BYTES, look_at, &looking);
	if (looking.result)
		return looking.result;
	return r == -ENOMEM || r == -EFBIG
		       ? rs_error_set_errno(err, r, "reading what process %u has mapped", pid)
		       : 0;
}
