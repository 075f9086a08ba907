/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/alloc-probes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "bpf/abi/memleak.h"
#include "kern/bpfcall.h"
#include "kern/perfcall.h"

#define MAPS_MAX  (64u << 20)
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

/* Those of the places that are chosen; -1: all that give memory. */
struct batch {
	uint64_t offsets[128], cookies[128];
	uint32_t n;
};

static void choose(const struct rs_alloc_places *places, int program, struct batch *batch)
{
	batch->n = 0;
	rs_vec_foreach(&places->list, place)
	{
		if (program < 0 ? !rs_alloc_gives(place->program) : (int)place->program != program)
			continue;
		if (batch->n == ARRAY_SIZE(batch->offsets))
			return;
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

static int link_multi(struct rs_alloc_probes *probes, const char *path,
		      const struct rs_alloc_places *places, uint32_t pid)
{
	bool sessions = probes->options.how == RS_ALLOC_SESSION;
	struct batch batch;
	int r = 0;

	if (!sessions) {
		choose(places, -1, &batch);
		r = link_batch(probes, path, &batch, pid, probes->return_fd, false, true);
	}
	/* What frees first: what was allocated meanwhile and is freed is not taken for lost. */
	for (int i = RS_ALLOC_PROGRAM_COUNT - 1; i >= 0 && !r; i--) {
		choose(places, i, &batch);
		r = link_batch(probes, path, &batch, pid, probes->fds[i],
			       sessions && rs_alloc_gives(i), false);
	}
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

/* A line of /proc/PID/maps. */
struct mapping {
	uint64_t start, end, dev, inode;
	bool executable;
	const char *path;
};

static bool parse_mapping(char *line, struct mapping *ret)
{
	unsigned major, minor;
	char flags[8];
	int path = 0;

	/* The widths keep the numbers within their types. NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(line, "%16" SCNx64 "-%16" SCNx64 " %7s %*x %8x:%8x %19" SCNu64 " %n",
		   &ret->start, &ret->end, flags, &major, &minor, &ret->inode, &path) < 6 ||
	    !path)
		return false;
	ret->dev = (uint64_t)major << 32 | minor;
	ret->executable = flags[2] == 'x';
	ret->path = line + path;
	return true;
}

static bool is_known(struct rs_alloc_probes *probes, const struct mapping *mapping, uint32_t pid)
{
	rs_vec_foreach(&probes->files, file)
	{
		if (file->inode == mapping->inode && file->dev == mapping->dev && file->pid == pid)
			return true;
	}
	return false;
}

/* How we reach the file: by its name below the process's root where that is it, else (deleted, or covered by a mount)
 * through the mapping itself. */
static int open_file(uint32_t pid, const struct mapping *mapping, char *path, size_t size)
{
	struct stat st;
	int fd;

	if ((size_t)snprintf(path, size, "/proc/%u/root%s", pid, mapping->path) < size) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
		    st.st_ino == mapping->inode)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	snprintf(path, size, "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, pid, mapping->start,
		 mapping->end);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static int probe_file(struct rs_alloc_probes *probes, uint32_t pid, const struct mapping *mapping,
		      struct rs_error *err)
{
	struct rs_alloc_places places = { 0 };
	_cleanup_(rs_elf_close) struct rs_elf *elf = NULL;
	_cleanup_(rs_cleanup_close) int fd = -1;
	char path[4200], root[64];
	int r;

	snprintf(root, sizeof(root), "/proc/%u/root", pid);
	fd = open_file(pid, mapping, path, sizeof(path));
	if (fd < 0 || rs_elf_open(path, root, &elf, NULL) < 0) {
		rs_log_at(RS_LOG_DEBUG, "\"%s\" of process %u cannot be read", mapping->path, pid);
		return 0;
	}
	r = rs_alloc_find(&probes->options.find, elf, mapping->path, fd, &places);
	if (!r && places.list.len)
		r = link_places(probes, path, &places, probes->options.everybody ? 0 : pid);
	if (!r && places.list.len) {
		probes->with_allocators++;
		probes->places += places.list.len;
	}
	rs_vec_done(&places.list);
	if (r == -ESRCH)
		return 0;
	return r ? rs_error_set_errno(err, r, "probing the allocator in \"%s\"", mapping->path) : 0;
}

static int look_at(struct rs_alloc_probes *probes, uint32_t pid, const struct mapping *mapping,
		   struct rs_error *err)
{
	struct file file = { mapping->dev, mapping->inode, probes->options.everybody ? 0 : pid };
	int r;

	if (!mapping->executable || !mapping->inode || *mapping->path != '/' ||
	    is_known(probes, mapping, file.pid))
		return 0;
	if (probes->files.len == FILES_MAX)
		return rs_error_set(err, -E2BIG, "more than %d files", FILES_MAX);
	r = probe_file(probes, pid, mapping, err);
	if (r < 0)
		probes->failed++;
	return rs_vec_push(&probes->files, file) ? -ENOMEM : r;
}

int rs_alloc_probes_process(struct rs_alloc_probes *probes, uint32_t pid, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(MAPS_MAX);
	char path[64], *line, *end;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	if (rs_fd_read_file_at(AT_FDCWD, path, MAPS_MAX, &text) < 0)
		return 0;
	if (!rs_str_cstr(&text)[0])
		return 0;
	for (line = text.data; *line; line = end + 1) {
		struct mapping mapping;
		int r;

		end = strchr(line, '\n');
		if (!end)
			break;
		*end = 0;
		if (!parse_mapping(line, &mapping))
			continue;
		r = look_at(probes, pid, &mapping, result ? NULL : err);
		result = result ? result : r;
	}
	return result;
}
