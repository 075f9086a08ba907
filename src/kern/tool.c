/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/log.h"
#include "base/util.h"
#include "kern/bpfcall.h"

#define REFUSED_MAX 16
#define EACH_BATCH  512 /* more than a bucket of a map ever has */

/* What the kernel was found not to take. */
struct refused {
	const char *names[REFUSED_MAX];
	size_t n;
};

static const char *find_name(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (!strcmp(*names, name))
			return *names;
	return NULL;
}

int rs_tool_open(const struct rs_tool_type *type, size_t variant, void **ret_tool,
		 struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) void *bytes = rs_packed_object_unpack(type->variants, variant);
	_cleanup_tool_ struct rs_tool *tool = NULL;
	int r;

	if (!bytes)
		return rs_error_set_errno(err, -errno, "unpacking the BPF object \"%s\"",
					  type->name);
	tool = calloc(1, type->size);
	if (!tool || type->create(tool))
		return rs_error_set_errno(err, -ENOMEM, "opening the BPF object \"%s\"",
					  type->name);
	tool->skeleton->data = bytes;
	tool->skeleton->data_sz = type->variants[variant].size;
	r = bpf_object__open_skeleton(tool->skeleton, NULL);
	/* What libbpf still needs of the bytes at load it has copied. */
	tool->skeleton->data = NULL;
	if (r)
		return rs_error_set_errno(err, r, "opening the BPF object \"%s\"", type->name);
	*ret_tool = TAKE_PTR(tool);
	return 0;
}

static int prepare(struct rs_tool *tool, const struct rs_tool_options *options,
		   const struct refused *refused, struct rs_error *err)
{
	int r = options->prepare ? options->prepare(tool, options->data, err) : 0;

	for (size_t i = 0; i < refused->n && !r; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(tool->obj, refused->names[i]), false);
	return r;
}

/* After a load that failed: the programs for older kernels, then without the one that was refused. */
static bool give_up_something(const struct rs_tool_type *type, struct rs_tool *tool,
			      const struct rs_tool_options *options, size_t *variant,
			      struct refused *refused)
{
	struct bpf_program *program = rs_libbpf_refused(tool->obj);
	const char *name = program ? bpf_program__name(program) : "";

	rs_log_at(RS_LOG_DEBUG, "%s: program \"%s\" is refused here: trying with less", type->name,
		  name);
	if (*variant + 1 < ARRAY_SIZE(type->variants)) {
		(*variant)++;
		return true;
	}
	name = find_name(options->optional, name);
	if (!name || refused->n == REFUSED_MAX)
		return false;
	refused->names[refused->n++] = name;
	*variant = 0;
	return true;
}

int rs_tool_load(const struct rs_tool_type *type, const struct rs_tool_options *options,
		 void **ret_tool, struct rs_error *err)
{
	struct refused refused = { 0 };
	size_t variant = 0;

	rs_libbpf_listen();
	rs_libbpf_raise_memlock();
	for (;;) {
		_cleanup_tool_ struct rs_tool *tool = NULL;
		int r = rs_tool_open(type, variant, (void **)&tool, err);

		if (!r)
			r = prepare(tool, options, &refused, err);
		if (r)
			return r;
		rs_libbpf_forget();
		r = bpf_object__load_skeleton(tool->skeleton);
		if (!r) {
			*ret_tool = TAKE_PTR(tool);
			return 0;
		}
		if (r == -EPERM || !give_up_something(type, tool, options, &variant, &refused))
			return rs_libbpf_load_error(r, "loading the BPF programs", err);
	}
}

static bool is_target(const struct bpf_program *program)
{
	return !strncmp(bpf_program__name(program), "rs_target_", strlen("rs_target_"));
}

static int attach_one(struct bpf_prog_skeleton *row, const char *const *optional,
		      struct rs_error *err)
{
	struct bpf_program *program = *row->prog;
	struct bpf_link *link;
	int r;

	if (!bpf_program__autoload(program) || bpf_program__fd(program) < 0 || *row->link)
		return 0;
	rs_libbpf_forget();
	link = bpf_program__attach(program);
	if (link) {
		*row->link = link;
		return 0;
	}
	r = -errno;
	/* A section that names no place: whoever wants it attaches it. */
	if (r == -EOPNOTSUPP || !strchr(bpf_program__section_name(program), '/'))
		return 0;
	if (find_name(optional, row->name)) {
		rs_log_at(RS_LOG_DEBUG, "program \"%s\": no hook here", row->name);
		return 0;
	}
	return rs_error_set_errno(err, r, "attaching to \"%s\"",
				  bpf_program__section_name(program));
}

int rs_tool_attach(void *tool, const char *const *optional, struct rs_error *err)
{
	struct bpf_object_skeleton *skeleton = ((struct rs_tool *)tool)->skeleton;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < skeleton->prog_cnt; i++) {
			int r;

			if (is_target(*skeleton->progs[i].prog) != (round == 1))
				continue;
			r = attach_one(&skeleton->progs[i], optional, err);
			if (r)
				return r;
		}
	return 0;
}

bool rs_tool_has(void *tool, const char *program)
{
	struct bpf_object_skeleton *skeleton = ((struct rs_tool *)tool)->skeleton;

	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_program *p = *skeleton->progs[i].prog;

		if (strcmp(skeleton->progs[i].name, program) != 0)
			continue;
		return bpf_program__autoload(p) && bpf_program__fd(p) >= 0 &&
		       (*skeleton->progs[i].link || !strchr(bpf_program__section_name(p), '/'));
	}
	return false;
}

uint64_t rs_tool_sum(const struct bpf_map *map, uint32_t index)
{
	int n = libbpf_num_possible_cpus();
	_cleanup_(rs_cleanup_free) uint64_t *cpus = n > 0 ? calloc((size_t)n, sizeof(*cpus)) : NULL;
	uint64_t sum = 0;

	if (!cpus || bpf_map_lookup_elem(bpf_map__fd(map), &index, cpus))
		return 0;
	for (int i = 0; i < n; i++)
		sum += cpus[i];
	return sum;
}

static size_t value_bytes(const struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);
	size_t one = bpf_map__value_size(map);

	if (type != BPF_MAP_TYPE_PERCPU_HASH && type != BPF_MAP_TYPE_LRU_PERCPU_HASH)
		return one;
	return ((one + 7) & ~(size_t)7) * (size_t)MAX(libbpf_num_possible_cpus(), 1);
}

int rs_tool_each(const struct bpf_map *map,
		 int (*fn)(void *data, const void *key, const void *value), void *data)
{
	size_t key_size = bpf_map__key_size(map), value_size = value_bytes(map);
	_cleanup_(rs_cleanup_free) char *keys = calloc(EACH_BATCH, key_size);
	_cleanup_(rs_cleanup_free) char *values = calloc(EACH_BATCH, value_size);
	uint64_t in = 0, out = 0;
	bool first = true;
	int r = keys && values ? 0 : -ENOMEM, last = 0;

	while (!r && !last) {
		uint32_t n = EACH_BATCH;

		last = bpf_map_lookup_batch(bpf_map__fd(map), first ? NULL : &in, &out, keys,
					    values, &n, NULL);
		if (last && last != -ENOENT)
			return last;
		for (uint32_t i = 0; i < n && !r; i++)
			r = fn(data, keys + i * key_size, values + i * value_size);
		in = out;
		first = false;
	}
	return r;
}

uint64_t rs_tool_skipped(void *tool)
{
	struct bpf_program *program;
	uint64_t skipped = 0;

	bpf_object__for_each_program(program, ((struct rs_tool *)tool)->obj)
	{
		struct bpf_prog_info info = { 0 };
		int fd = bpf_program__fd(program);

		if (fd >= 0 && rs_bpf_info(fd, &info, sizeof(info)) >= 0)
			skipped += info.recursion_misses;
	}
	return skipped;
}

void rs_tool_detach(void *tool)
{
	bpf_object__detach_skeleton(((struct rs_tool *)tool)->skeleton);
}

void rs_tool_close(void **tool)
{
	struct rs_tool *t = TAKE_PTR(*tool);

	if (!t)
		return;
	bpf_object__destroy_skeleton(t->skeleton);
	free(t);
}
