/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests and fuzzers of the compiler: a world without a kernel. A few structs, functions, tracepoints and
 * binaries are enough for most scripts; whatever is not in the tables does not exist.
 *
 *	struct testing_world world;
 *	testing_world_init(&world);
 *	... rs_lang_compile() with .source = &world.source ...
 *	testing_world_done(&world);
 */
#pragma once

#include <errno.h>
#include <string.h>

#include "base/suggest.h"
#include "lang/lang.h"

struct testing_world {
	struct rs_arena arena;
	struct rs_types *kernel;
	struct rs_diags diags;
	struct rs_lang_source source;
};

/* ---- what there is ---- */

static const char testing_declarations[] =
	"typedef int pid_t; typedef unsigned int u32; typedef unsigned long long u64;\n"
	"typedef unsigned short u16; typedef unsigned char u8; typedef long long loff_t;\n"
	"typedef unsigned long size_t; typedef u32 __be32; typedef u16 __be16;\n"
	"enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };\n"
	"enum skb_drop_reason { SKB_NOT_DROPPED_YET, SKB_CONSUMED, SKB_DROP_REASON_NO_SOCKET = 3 };\n"
	"struct list_head { struct list_head *next, *prev; };\n"
	"struct qstr { union { struct { u32 hash; u32 len; }; u64 hash_len; }; const unsigned char *name; };\n"
	"struct dentry { unsigned int d_flags; struct dentry *d_parent; struct qstr d_name;\n"
	"	unsigned char d_iname[32]; };\n"
	"struct path { void *mnt; struct dentry *dentry; };\n"
	"struct inode { unsigned short i_mode; unsigned long i_ino; loff_t i_size; };\n"
	"struct file { struct path f_path; struct inode *f_inode; unsigned int f_flags; };\n"
	"struct fs_struct { int users; struct path root, pwd; };\n"
	"struct mm_struct { unsigned long arg_start, arg_end; };\n"
	"struct cfs_rq { unsigned int nr_queued; u64 min_vruntime; };\n"
	"struct sched_entity { u64 sum_exec_runtime; struct cfs_rq *cfs_rq; };\n"
	"struct nsproxy { int count; };\n"
	"struct task_struct { long state; unsigned int flags; int prio; struct mm_struct *mm;\n"
	"	struct sched_entity se; pid_t pid; pid_t tgid; struct task_struct *real_parent;\n"
	"	struct task_struct *parent; struct task_struct *group_leader; char comm[16];\n"
	"	struct fs_struct *fs; struct nsproxy *nsproxy; unsigned in_execve : 1;\n"
	"	unsigned in_iowait : 1; unsigned depth : 6; struct list_head tasks; };\n"
	"struct in6_addr { union { u8 u6_addr8[16]; u16 u6_addr16[8]; u32 u6_addr32[4]; } in6_u; };\n"
	"struct sock_common { union { u64 skc_addrpair; struct { __be32 skc_daddr; __be32 skc_rcv_saddr; }; };\n"
	"	union { u32 skc_portpair; struct { __be16 skc_dport; u16 skc_num; }; };\n"
	"	unsigned short skc_family; volatile unsigned char skc_state; struct in6_addr skc_v6_daddr;\n"
	"	struct in6_addr skc_v6_rcv_saddr; };\n"
	"struct sock { struct sock_common __sk_common; u16 sk_protocol; int sk_sndbuf; };\n"
	"struct sk_buff { struct sk_buff *next; unsigned int len, data_len; unsigned char *head, *data;\n"
	"	struct sock *sk; };\n"
	"struct request_queue { int id; };\n"
	"struct gendisk { int major, first_minor; char disk_name[32]; };\n"
	"struct request { struct request_queue *q; u64 start_time_ns; unsigned int cmd_flags;\n"
	"	unsigned int __data_len; struct gendisk *rq_disk; };\n"
	"struct linux_binprm { struct file *file; const char *filename; int argc; };\n"
	"struct bpf_iter_meta { u64 session_id; u64 seq_num; };\n"
	"struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };\n"
	"struct bpf_iter__task_file { struct bpf_iter_meta *meta; struct task_struct *task; u32 fd;\n"
	"	struct file *file; };\n"
	"struct pt_regs { unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di,\n"
	"	orig_ax, ip, cs, flags, sp, ss; };\n"
	"struct bpf_perf_event_data { struct pt_regs regs; u64 sample_period; u64 addr; };\n";

/* Functions of the kernel; "RESULT NAME(TYPE NAME, ...)" with the names last. */
static const char *const testing_functions[] = {
	"long vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)",
	"long vfs_write(struct file *file, const char *buf, size_t count, loff_t *pos)",
	"int vfs_open(struct path *path, struct file *file)",
	"int tcp_connect(struct sock *sk)",
	"void tcp_reset(struct sock *sk, struct sk_buff *skb)",
	"int tcp_sendmsg(struct sock *sk, void *msg, size_t size)",
	"void do_exit(long code)",
	"struct sock *inet_csk_accept(struct sock *sk, int flags, int *error)",
	"int do_nanosleep(void *t, int mode)",
};

static const char *const testing_rawtracepoints[] = {
	"void sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next, u32 state)",
	"void sys_enter(struct pt_regs *regs, long id)",
	"void block_rq_issue(struct request *rq)",
};

#define TESTING_COMMON                                                                             \
	"	field:unsigned short common_type;	offset:0;	size:2;	signed:0;\n"                         \
	"	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;\n"                         \
	"	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;\n"                 \
	"	field:int common_pid;	offset:4;	size:4;	signed:1;\n\n"

struct testing_tracepoint {
	const char *group, *event, *fields;
};

static const struct testing_tracepoint testing_tracepoints[] = {
	{ "syscalls", "sys_enter_openat",
	  "	field:int __syscall_nr;	offset:8;	size:4;	signed:1;\n"
	  "	field:int dfd;	offset:16;	size:8;	signed:0;\n"
	  "	field:const char * filename;	offset:24;	size:8;	signed:0;\n"
	  "	field:int flags;	offset:32;	size:8;	signed:0;\n"
	  "	field:umode_t mode;	offset:40;	size:8;	signed:0;\n" },
	{ "syscalls", "sys_enter_open",
	  "	field:int __syscall_nr;	offset:8;	size:4;	signed:1;\n"
	  "	field:const char * filename;	offset:16;	size:8;	signed:0;\n"
	  "	field:int flags;	offset:24;	size:8;	signed:0;\n"
	  "	field:umode_t mode;	offset:32;	size:8;	signed:0;\n" },
	{ "syscalls", "sys_exit_openat",
	  "	field:int __syscall_nr;	offset:8;	size:4;	signed:1;\n"
	  "	field:long ret;	offset:16;	size:8;	signed:1;\n" },
	{ "syscalls", "sys_enter_read",
	  "	field:int __syscall_nr;	offset:8;	size:4;	signed:1;\n"
	  "	field:unsigned int fd;	offset:16;	size:8;	signed:0;\n"
	  "	field:char * buf;	offset:24;	size:8;	signed:0;\n"
	  "	field:size_t count;	offset:32;	size:8;	signed:0;\n" },
	{ "syscalls", "sys_enter_execve",
	  "	field:int __syscall_nr;	offset:8;	size:4;	signed:1;\n"
	  "	field:const char * filename;	offset:16;	size:8;	signed:0;\n"
	  "	field:const char *const * argv;	offset:24;	size:8;	signed:0;\n"
	  "	field:const char *const * envp;	offset:32;	size:8;	signed:0;\n" },
	{ "raw_syscalls", "sys_enter",
	  "	field:long id;	offset:8;	size:8;	signed:1;\n"
	  "	field:unsigned long args[6];	offset:16;	size:48;	signed:0;\n" },
	{ "raw_syscalls", "sys_exit",
	  "	field:long id;	offset:8;	size:8;	signed:1;\n"
	  "	field:long ret;	offset:16;	size:8;	signed:1;\n" },
	{ "sched", "sched_switch",
	  "	field:char prev_comm[16];	offset:8;	size:16;	signed:0;\n"
	  "	field:pid_t prev_pid;	offset:24;	size:4;	signed:1;\n"
	  "	field:int prev_prio;	offset:28;	size:4;	signed:1;\n"
	  "	field:long prev_state;	offset:32;	size:8;	signed:1;\n"
	  "	field:char next_comm[16];	offset:40;	size:16;	signed:0;\n"
	  "	field:pid_t next_pid;	offset:56;	size:4;	signed:1;\n"
	  "	field:int next_prio;	offset:60;	size:4;	signed:1;\n" },
	{ "sched", "sched_wakeup",
	  "	field:char comm[16];	offset:8;	size:16;	signed:0;\n"
	  "	field:pid_t pid;	offset:24;	size:4;	signed:1;\n"
	  "	field:int prio;	offset:28;	size:4;	signed:1;\n" },
	{ "sched", "sched_process_exec",
	  "	field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;\n"
	  "	field:pid_t pid;	offset:12;	size:4;	signed:1;\n"
	  "	field:pid_t old_pid;	offset:16;	size:4;	signed:1;\n" },
	{ "block", "block_rq_issue",
	  "	field:dev_t dev;	offset:8;	size:4;	signed:0;\n"
	  "	field:sector_t sector;	offset:16;	size:8;	signed:0;\n"
	  "	field:unsigned int nr_sector;	offset:24;	size:4;	signed:0;\n"
	  "	field:unsigned int bytes;	offset:28;	size:4;	signed:0;\n"
	  "	field:char rwbs[8];	offset:32;	size:8;	signed:0;\n"
	  "	field:char comm[16];	offset:40;	size:16;	signed:0;\n"
	  "	field:__data_loc char[] cmd;	offset:56;	size:4;	signed:0;\n" },
};

struct testing_usdt {
	const char *binary, *space, *name, *args;
	unsigned location;
};

static const struct testing_usdt testing_usdts[] = {
	{ "/bin/server", "http", "request", "-4@%edi 8@-8(%rbp) 8@$5", 0 },
	{ "/bin/server", "http", "request", "-4@%esi 8@16(%rsp) 8@$5", 1 },
	{ "/bin/server", "http", "reply", "8@%rax", 0 },
};

static const char *const testing_symbols[] = { "main", "malloc", "free", "readline",
					       "read_config" };

/* ---- patterns ---- */

/* * and ? only; as deep as there are stars in the pattern, so keep them few. */
static inline bool testing_match(const char *pattern, const char *text)
{
	for (; *pattern && *pattern != '*'; pattern++, text++)
		if (!*text || (*pattern != '?' && *pattern != *text))
			return false;
	if (!*pattern)
		return !*text;
	while (*pattern == '*')
		pattern++;
	if (!*pattern)
		return true;
	for (; *text; text++)
		if (testing_match(pattern, text))
			return true;
	return false;
}

/* The name within "RESULT NAME(...)". */
static inline const char *testing_name_of(const char *declaration, char buf[64])
{
	const char *end = strchr(declaration, '(');
	const char *begin = end;

	while (begin > declaration && begin[-1] != ' ' && begin[-1] != '*')
		begin--;
	snprintf(buf, 64, "%.*s", (int)(end - begin), begin);
	return buf;
}

/* ---- the callbacks ---- */

static inline const struct rs_type *testing_find_type(void *ctx, struct rs_types *types,
						      const char *name)
{
	struct testing_world *world = ctx;

	(void)types;
	return rs_types_find(world->kernel, name);
}

static inline bool testing_find_constant(void *ctx, struct rs_types *types, const char *name,
					 int64_t *ret_value, const struct rs_type **ret_type)
{
	struct testing_world *world = ctx;

	(void)types;
	return rs_types_find_constant(world->kernel, name, ret_value, ret_type);
}

static inline void testing_parameter(struct testing_world *world, char *text,
				     struct rs_prototype *ret)
{
	char *name = text + strlen(text);

	while (name > text && name[-1] != ' ' && name[-1] != '*')
		name--;
	ret->params[ret->n_params].name = rs_arena_strdup(&world->arena, name);
	*name = '\0';
	ret->params[ret->n_params].type = rs_types_parse(world->kernel, text);
	ret->params[ret->n_params].offset = 8 * ret->n_params;
	ret->n_params++;
}

static inline int testing_parse_prototype(struct testing_world *world, const char *declaration,
					  struct rs_prototype *ret)
{
	char *text = rs_arena_strdup(&world->arena, declaration);
	char *open = strchr(text, '(');
	char *name = open, *save = NULL;

	*ret = (struct rs_prototype){ 0 };
	ret->params = rs_arena_alloc_array(&world->arena, 16, sizeof(*ret->params));
	*strrchr(text, ')') = '\0';
	for (char *p = strtok_r(open + 1, ",", &save); p; p = strtok_r(NULL, ",", &save))
		testing_parameter(world, p + strspn(p, " "), ret);
	while (name > text && name[-1] != ' ' && name[-1] != '*')
		name--;
	*name = '\0';
	if (strncmp(text, "void ", 5) == 0 && !strchr(text, '*'))
		ret->result = &rs_type_none;
	else
		ret->result = rs_types_parse(world->kernel, text);
	return 1;
}

static inline int testing_find_prototype(struct testing_world *world, const char *const *table,
					 size_t n, const char *name, struct rs_prototype *ret)
{
	char buf[64];

	for (size_t i = 0; i < n; i++)
		if (strcmp(testing_name_of(table[i], buf), name) == 0)
			return testing_parse_prototype(world, table[i], ret);
	return 0;
}

static inline int testing_find_function(void *ctx, struct rs_types *types, const char *module,
					const char *name, struct rs_prototype *ret)
{
	(void)types;
	(void)module;
	return testing_find_prototype(ctx, testing_functions, ARRAY_SIZE(testing_functions), name,
				      ret);
}

static inline int testing_find_rawtracepoint(void *ctx, struct rs_types *types, const char *module,
					     const char *name, struct rs_prototype *ret)
{
	(void)types;
	(void)module;
	return testing_find_prototype(ctx, testing_rawtracepoints,
				      ARRAY_SIZE(testing_rawtracepoints), name, ret);
}

static inline const struct rs_type *testing_find_iter(void *ctx, struct rs_types *types,
						      const char *kind)
{
	struct testing_world *world = ctx;
	char name[80];

	(void)types;
	snprintf(name, sizeof(name), "struct bpf_iter__%.48s", kind);
	return rs_types_find(world->kernel, name);
}

static inline const char *testing_tracepoint_format(void *ctx, struct rs_arena *arena,
						    const char *group, const char *event,
						    struct rs_error *err)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(testing_tracepoints); i++) {
		const struct testing_tracepoint *t = &testing_tracepoints[i];

		if (strcmp(t->group, group) == 0 && strcmp(t->event, event) == 0)
			return rs_arena_printf(
				arena, "name: %s\nID: %zu\nformat:\n%s%s\nprint fmt: \"\"\n", event,
				100 + i, TESTING_COMMON, t->fields);
	}
	rs_error_set(err, -ENOENT, "there is no tracepoint \"%s:%s\"", group, event);
	return NULL;
}

/* ---- expansion ---- */

struct testing_expansion {
	const struct rs_attach_point *point;
	struct rs_arena *arena;
	int (*fn)(const struct rs_place *place, void *data);
	void *data;
	struct rs_suggest near;
	unsigned found;
};

static inline int testing_found(struct testing_expansion *e, const char *target, const char *name,
				const char *text)
{
	struct rs_place place = { .point = *e->point };

	e->found++;
	place.point.has_wildcard = false;
	place.point.target = rs_arena_strdup(e->arena, target);
	place.point.name = rs_arena_strdup(e->arena, name);
	place.point.text = rs_arena_strdup(e->arena, text);
	if (!place.point.target || !place.point.name || !place.point.text)
		return -ENOMEM;
	return e->fn(&place, e->data);
}

static inline int testing_expand_tracepoints(struct testing_expansion *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(testing_tracepoints) && r >= 0; i++) {
		const struct testing_tracepoint *t = &testing_tracepoints[i];
		char text[128];

		if (testing_match(e->point->target, t->group))
			rs_suggest_offer(&e->near, t->event);
		if (!testing_match(e->point->target, t->group) ||
		    !testing_match(e->point->name, t->event))
			continue;
		snprintf(text, sizeof(text), "tracepoint:%s:%s", t->group, t->event);
		r = testing_found(e, t->group, t->event, text);
	}
	return r;
}

static inline int testing_expand_functions(struct testing_expansion *e, const char *const *table,
					   size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		char name[64], text[192];
		const char *copy = rs_arena_strdup(e->arena, testing_name_of(table[i], name));

		if (!copy)
			return -ENOMEM;
		rs_suggest_offer(&e->near, copy);
		if (!testing_match(e->point->name, name))
			continue;
		snprintf(text, sizeof(text), "%s:%s", rs_provider_table[e->point->provider].name,
			 name);
		if (e->point->offset)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "+%llu",
				 (unsigned long long)e->point->offset);
		r = testing_found(e, e->point->target, name, text);
	}
	return r;
}

static inline int testing_expand_symbols(struct testing_expansion *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(testing_symbols) && r >= 0; i++) {
		char text[256];

		rs_suggest_offer(&e->near, testing_symbols[i]);
		if (!testing_match(e->point->name, testing_symbols[i]))
			continue;
		snprintf(text, sizeof(text), "%s:%.100s:%s",
			 rs_provider_table[e->point->provider].name, e->point->target,
			 testing_symbols[i]);
		r = testing_found(e, e->point->target, testing_symbols[i], text);
	}
	return r;
}

static inline int testing_expand_usdts(struct testing_expansion *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(testing_usdts) && r >= 0; i++) {
		const struct testing_usdt *u = &testing_usdts[i];
		struct rs_place place = { .point = *e->point };

		rs_suggest_offer(&e->near, u->name);
		if (!testing_match(e->point->name, u->name) ||
		    (*e->point->space && !testing_match(e->point->space, u->space)))
			continue;
		e->found++;
		place.point.has_wildcard = false;
		place.point.name = u->name;
		place.point.space = u->space;
		place.point.text = rs_arena_printf(e->arena, "usdt:%s:%s:%s", u->binary, u->space,
						   u->name);
		place.usdt_args = u->args;
		place.usdt_address = 0x1000 + 16 * i;
		place.usdt_location = u->location;
		r = place.point.text ? e->fn(&place, e->data) : -ENOMEM;
	}
	return r;
}

static inline int testing_expand_any(struct testing_expansion *e)
{
	switch (e->point->provider) {
	case RS_PROVIDER_TRACEPOINT:
		return testing_expand_tracepoints(e);
	case RS_PROVIDER_RAWTRACEPOINT:
		return testing_expand_functions(e, testing_rawtracepoints,
						ARRAY_SIZE(testing_rawtracepoints));
	case RS_PROVIDER_KPROBE:
	case RS_PROVIDER_KRETPROBE:
	case RS_PROVIDER_FENTRY:
	case RS_PROVIDER_FEXIT:
		if (!e->point->has_address)
			return testing_expand_functions(e, testing_functions,
							ARRAY_SIZE(testing_functions));
		break;
	case RS_PROVIDER_UPROBE:
	case RS_PROVIDER_URETPROBE:
		if (!e->point->has_address)
			return testing_expand_symbols(e);
		break;
	case RS_PROVIDER_USDT:
		return testing_expand_usdts(e);
	default:
		break;
	}
	return testing_found(e, e->point->target, e->point->name, e->point->text);
}

static inline int testing_expand(void *ctx, const struct rs_attach_point *point,
				 struct rs_arena *arena,
				 int (*fn)(const struct rs_place *place, void *data), void *data,
				 struct rs_error *err)
{
	struct testing_expansion e = { .point = point, .arena = arena, .fn = fn, .data = data };
	int r;

	(void)ctx;
	rs_suggest_init(&e.near, point->name);
	r = testing_expand_any(&e);
	if (r < 0)
		return r;
	if (e.found)
		return 0;
	rs_error_set(err, -ENOENT, "there is no \"%s\"", point->text);
	if (rs_suggest_best(&e.near))
		rs_error_hint(err, "did you mean \"%s\"?", rs_suggest_best(&e.near));
	return -ENOENT;
}

static inline bool testing_kernel_address(void *ctx, const char *symbol, uint64_t *ret_address)
{
	(void)ctx;
	*ret_address = 0xffffffff81000000;
	return strcmp(symbol, "jiffies") == 0;
}

static inline bool testing_user_address(void *ctx, const char *binary, const char *symbol,
					uint64_t *ret_address)
{
	(void)ctx;
	(void)binary;
	*ret_address = 0x401000;
	return strcmp(symbol, "counter") == 0;
}

static inline bool testing_cgroup_id(void *ctx, const char *path, uint64_t *ret_id)
{
	(void)ctx;
	*ret_id = 42;
	return strcmp(path, "/sys/fs/cgroup/test") == 0;
}

static inline bool testing_has_kfunc(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return false;
}

static inline int testing_read_include(void *ctx, const char *name, struct rs_str *out)
{
	(void)ctx;
	(void)out;
	return strcmp(name, "linux/none.h") == 0 ? -ENOENT : 0;
}

/* ---- the world ---- */

/* A recent kernel's. */
static inline struct rs_lang_features testing_features(void)
{
	return (struct rs_lang_features){
		.iter_num = true,
		.loop = true,
		.for_each = true,
		.lookup_percpu = true,
		.ringbuf = true,
		.task_btf = true,
		.attach_cookie = true,
		.func_ip = true,
		.atomic_fetch = true,
		.ktime_tai = true,
		.ktime_boot = true,
		.dpath = true,
		.seq_printf = true,
		.multi_kprobe = true,
		.multi_uprobe = true,
		.btf = true,
	};
}

static inline void testing_world_init(struct testing_world *world)
{
	struct rs_span none = { 0 };

	*world = (struct testing_world){ 0 };
	rs_arena_init(&world->arena, 16 << 20);
	rs_diags_init(&world->diags, &world->arena, "kernel", testing_declarations,
		      sizeof(testing_declarations) - 1);
	world->kernel = rs_types_new(&world->arena, NULL);
	rs_types_declare(world->kernel, testing_declarations, &world->diags, &none);
	world->source = (struct rs_lang_source){
		.ctx = world,
		.features = testing_features(),
		.n_cpus = 4,
		.find_type = testing_find_type,
		.find_constant = testing_find_constant,
		.find_function = testing_find_function,
		.find_rawtracepoint = testing_find_rawtracepoint,
		.find_iter = testing_find_iter,
		.tracepoint_format = testing_tracepoint_format,
		.expand = testing_expand,
		.kernel_address = testing_kernel_address,
		.user_address = testing_user_address,
		.cgroup_id = testing_cgroup_id,
		.has_kfunc = testing_has_kfunc,
		.read_include = testing_read_include,
	};
}

static inline void testing_world_done(struct testing_world *world)
{
	rs_arena_done(&world->arena);
}
