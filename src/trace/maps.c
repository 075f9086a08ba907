/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/maps.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/bpfcall.h"
#include "kern/cpus.h"
#include "kern/insn.h"

#define KIB           ((size_t)1 << 10)
#define MIB           ((size_t)1 << 20)
#define RING_QUIET    (256 * KIB) /* only BEGIN and END send */
#define RING_LEAST    MIB
#define RING_PER_CPU  (256 * KIB)
#define RING_MOST     (8 * MIB)
#define RING_LIMIT    ((size_t)1 << 30) /* whatever the configuration says */
#define STATE_BYTES   (RS_STATE_WORDS * sizeof(uint64_t))
#define STACK_ENTRIES 16384

static const enum bpf_map_type kernel_types[] = {
	[RS_MAP_ARRAY] = BPF_MAP_TYPE_ARRAY,
	[RS_MAP_PERCPU_ARRAY] = BPF_MAP_TYPE_PERCPU_ARRAY,
	[RS_MAP_HASH] = BPF_MAP_TYPE_HASH,
	[RS_MAP_PERCPU_HASH] = BPF_MAP_TYPE_PERCPU_HASH,
	[RS_MAP_LRU_HASH] = BPF_MAP_TYPE_LRU_HASH,
	[RS_MAP_PERCPU_LRU_HASH] = BPF_MAP_TYPE_LRU_PERCPU_HASH,
	[RS_MAP_RINGBUF] = BPF_MAP_TYPE_RINGBUF,
	[RS_MAP_PERF_ARRAY] = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	[RS_MAP_STACK_TRACE] = BPF_MAP_TYPE_STACK_TRACE,
};

bool rs_trace_map_is_per_cpu(const struct rs_map *map)
{
	return map->kind == RS_MAP_PERCPU_ARRAY || map->kind == RS_MAP_PERCPU_HASH ||
	       map->kind == RS_MAP_PERCPU_LRU_HASH;
}

bool rs_trace_map_is_array(const struct rs_map *map)
{
	return map->kind == RS_MAP_ARRAY || map->kind == RS_MAP_PERCPU_ARRAY;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

size_t rs_trace_maps_value_bytes(const struct rs_trace_maps *maps, const struct rs_map *map)
{
	return rs_trace_map_is_per_cpu(map) ? round_up(map->value_size, 8) * maps->n_cpus
					    : map->value_size;
}

/* "rs_" and the letters of the name that the kernel takes. */
static void set_name(union bpf_attr *attr, const char *name)
{
	size_t at = 3;

	memcpy(attr->map_name, "rs_", 3);
	for (; *name && at < sizeof(attr->map_name) - 1; name++) {
		if (isalnum((unsigned char)*name) || *name == '_')
			attr->map_name[at++] = *name;
	}
}

static int create(const struct rs_map *map, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = kernel_types[map->kind];
	attr.max_entries = entries;
	attr.map_flags = flags;
	if (map->kind != RS_MAP_RINGBUF) {
		attr.key_size = map->key_size;
		attr.value_size = map->value_size;
	}
	set_name(&attr, map->name);
	return rs_bpf_call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* --- room that is taken when it is needed --- */

/*
 * Before Linux 6.1 hash maps that allocate while a program runs could deadlock, and the kernel warns in its
 * log when a tracing program uses one. Those kernels refuse them to programs at perf events: so ask with one
 * of those, which warns nobody.
 */
static bool kernel_allocates_safely(int hash_fd)
{
	const struct bpf_insn insns[] = {
		RS_INSN_LD_MAP(BPF_REG_1, hash_fd),
		RS_INSN_MOV_IMM(BPF_REG_0, 0),
		RS_INSN_EXIT,
	};
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_PERF_EVENT,
						.insns = insns,
						.n_insns = ARRAY_SIZE(insns) };
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_load(&program);

	return fd >= 0;
}

static bool is_plain_hash(const struct rs_map *map)
{
	return map->kind == RS_MAP_HASH || map->kind == RS_MAP_PERCPU_HASH;
}

enum { UNKNOWN, SAFE, UNSAFE };

static int create_hash(const struct rs_map *map, int *safe)
{
	_cleanup_(rs_cleanup_close) int fd = -1;

	if (!map->no_prealloc || *safe == UNSAFE)
		return create(map, (uint32_t)map->max_entries, 0);
	fd = create(map, (uint32_t)map->max_entries, BPF_F_NO_PREALLOC);
	if (fd >= 0 && *safe == UNKNOWN)
		*safe = kernel_allocates_safely(fd) ? SAFE : UNSAFE;
	if (fd < 0 || *safe == UNSAFE)
		return create(map, (uint32_t)map->max_entries, 0);
	return TAKE_FD(fd);
}

/* --- internal maps --- */

static bool only_once(const struct rs_program *program)
{
	for (unsigned i = 0; i < program->n_probes; i++) {
		if (program->probes[i]->type != RS_PROGRAM_ONCE)
			return false;
	}
	return true;
}

/* A power of two, and whole pages. The buffer counts twice as our memory, for it is mapped twice in a row. */
static size_t ring_bytes(const struct rs_program *program, unsigned n_cpus)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = page, want;
	uint64_t pages = program->config.perf_rb_pages;

	if (pages)
		want = pages > RING_LIMIT / page ? RING_LIMIT : (size_t)pages * page;
	else if (only_once(program))
		want = RING_QUIET;
	else
		want = MIN(MAX(RING_PER_CPU * n_cpus, RING_LEAST), RING_MOST);
	while (bytes < want)
		bytes *= 2;
	return bytes;
}

static int create_ring(struct rs_trace_maps *maps, const struct rs_map *map)
{
	int fd;

	if (map->kind == RS_MAP_PERF_ARRAY) {
		fd = create(map, maps->n_cpus, 0);
	} else {
		maps->ring_bytes = ring_bytes(maps->program, maps->n_cpus);
		fd = create(map, (uint32_t)maps->ring_bytes, 0);
	}
	maps->ring_fd = fd;
	return fd;
}

static int create_state(struct rs_trace_maps *maps, const struct rs_map *map)
{
	int fd = create(map, 1, BPF_F_MMAPABLE);
	void *words;

	if (fd < 0)
		return fd;
	maps->state_fd = fd;
	if (map->value_size < STATE_BYTES)
		return fd;
	words = mmap(NULL, STATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words != MAP_FAILED)
		maps->state = words;
	return fd;
}

/* Frozen, so that the verifier knows the contents and takes branches on them at load. */
static int create_const(const struct rs_map *map)
{
	_cleanup_(rs_cleanup_close) int fd = create(map, 1, BPF_F_RDONLY_PROG);
	const uint32_t key = 0;
	union bpf_attr attr;
	int r;

	if (fd < 0)
		return fd;
	r = rs_bpf_map_update(fd, &key, map->initial);
	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	rs_bpf_call(BPF_MAP_FREEZE, &attr, sizeof(attr)); /* Linux 5.2; does without */
	return TAKE_FD(fd);
}

static int create_one(struct rs_trace_maps *maps, const struct rs_map *map, int *safe)
{
	switch (map->role) {
	case RS_MAP_RING:
		return create_ring(maps, map);
	case RS_MAP_STATE:
		return create_state(maps, map);
	case RS_MAP_CONST:
		return create_const(map);
	default:
		break;
	}
	if (map->kind == RS_MAP_STACK_TRACE)
		return create(map, (uint32_t)(map->max_entries ? map->max_entries : STACK_ENTRIES),
			      0);
	if (is_plain_hash(map))
		return create_hash(map, safe);
	return create(map, (uint32_t)MAX(map->max_entries, (uint64_t)1), 0);
}

static int explain(const struct rs_map *map, int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "making the map \"%s\"", map->name);
	if (r == -ENOMEM || r == -E2BIG)
		rs_error_hint(
			err,
			"%llu entries of %u bytes: max_map_keys, or `let %s = hash(n)`, makes it smaller",
			(unsigned long long)map->max_entries, map->key_size + map->value_size,
			map->role == RS_MAP_SCRIPT ? map->name : "@x");
	if (r == -EPERM)
		rs_error_hint(err, "eBPF takes root, or CAP_BPF and CAP_PERFMON");
	return r;
}

int rs_trace_maps_new(const struct rs_program *program, struct rs_trace_maps *ret_maps,
		      struct rs_error *err)
{
	_cleanup_(rs_trace_maps_done) struct rs_trace_maps maps = { .program = program,
								    .state_fd = -1,
								    .ring_fd = -1 };
	int safe = UNKNOWN;

	maps.n_cpus = rs_cpus_possible();
	maps.fds = malloc((program->n_maps + 1) * sizeof(*maps.fds));
	if (!maps.fds)
		return rs_error_set(err, -ENOMEM, "out of memory");
	memset(maps.fds, 0xff, (program->n_maps + 1) * sizeof(*maps.fds));
	for (unsigned i = 0; i < program->n_maps; i++) {
		maps.fds[i] = create_one(&maps, program->maps[i], &safe);
		if (maps.fds[i] < 0)
			return explain(program->maps[i], maps.fds[i], err);
	}
	*ret_maps = maps;
	maps = (struct rs_trace_maps){ 0 };
	return 0;
}

void rs_trace_maps_done(struct rs_trace_maps *maps)
{
	if (maps->state)
		munmap(maps->state, STATE_BYTES);
	for (unsigned i = 0; maps->fds && i < maps->program->n_maps; i++)
		rs_cleanup_close(&maps->fds[i]);
	free(maps->fds);
	*maps = (struct rs_trace_maps){ .state_fd = -1, .ring_fd = -1 };
}

bool rs_trace_maps_has_state(const struct rs_trace_maps *maps)
{
	return maps->state != NULL;
}

uint64_t rs_trace_maps_get_state(const struct rs_trace_maps *maps, enum rs_state_word word)
{
	return maps->state ? __atomic_load_n(&maps->state[word], __ATOMIC_ACQUIRE) : 0;
}

void rs_trace_maps_set_state(struct rs_trace_maps *maps, enum rs_state_word word, uint64_t value)
{
	if (maps->state)
		__atomic_store_n(&maps->state[word], value, __ATOMIC_SEQ_CST);
}

/* --- changing contents --- */

/* Deletes each key, or sets its value. The next one is asked for before that, for a key that is gone has no
 * next. Keys that come and go meanwhile may be met twice or not at all. */
static int change_hash(int fd, const struct rs_map *map, const void *zeroes)
{
	_cleanup_(rs_cleanup_free) uint8_t *keys = malloc(2 * (size_t)map->key_size);
	uint8_t *key = keys, *next = keys ? keys + map->key_size : NULL;
	int r, more;

	if (!keys)
		return -ENOMEM;
	more = rs_bpf_map_next_key(fd, NULL, key);
	for (uint64_t i = 0; !more && i < 2 * map->max_entries; i++) {
		uint8_t *old = key;

		more = rs_bpf_map_next_key(fd, key, next);
		r = zeroes ? rs_bpf_map_replace(fd, key, zeroes) : rs_bpf_map_delete(fd, key);
		if (r < 0 && r != -ENOENT)
			return r;
		key = next;
		next = old;
	}
	return more == -ENOENT ? 0 : more;
}

int rs_trace_maps_clear(const struct rs_trace_maps *maps, const struct rs_map *map)
{
	if (rs_trace_map_is_array(map))
		return rs_trace_maps_zero(maps, map);
	return change_hash(maps->fds[map->id], map, NULL);
}

int rs_trace_maps_zero(const struct rs_trace_maps *maps, const struct rs_map *map)
{
	_cleanup_(rs_cleanup_free) void *zeroes = calloc(1, rs_trace_maps_value_bytes(maps, map));
	int fd = maps->fds[map->id], r = 0;

	if (!zeroes)
		return -ENOMEM;
	if (!rs_trace_map_is_array(map))
		return change_hash(fd, map, zeroes);
	for (uint32_t key = 0; !r && key < MAX(map->max_entries, (uint64_t)1); key++)
		r = rs_bpf_map_update(fd, &key, zeroes);
	return r;
}
