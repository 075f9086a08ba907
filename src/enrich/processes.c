/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes in a map by pid and start time, paths in another one by their hash: tens of thousands of
 * processes run a few hundred executables, so each path is there once and counts its users.
 *
 * The start time that /proc/PID/stat tells (its 22nd field) is the kernel's start_boottime, the same
 * nanoseconds that rs_hdr.start has, divided by 10^9 / USER_HZ and rounded down (nsec_to_clock_t() in
 * the kernel's kernel/time/time.c). A process that was read from /proc before a record named it is
 * therefore kept by its pid alone, with the ticks; the first record whose start, rounded down in the
 * same way, gives these ticks gives the nanoseconds, too.
 */
#include "enrich/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/hashmap.h"
#include "base/units.h"

#define COMM_SIZE  sizeof(((struct rs_hdr *)0)->comm)
#define STAT_SIZE  1024 /* bytes of /proc/PID/stat, more than its first 22 fields have */
#define START_AT   22   /* field of /proc/PID/stat; the one after the name is the third */
#define EXPIRE_MAX 8    /* ended processes forgotten at a time */
#define DELETED    " (deleted)"

/* The path of an executable, kept for all who run it. */
struct text {
	uint64_t hash;
	uint32_t refs;
	uint32_t len;
	bool shared; /* is in the map */
	char data[]; /* NUL-terminated */
};

struct process {
	uint64_t start;                /* ns, or ticks of one that is `seeded` */
	uint64_t checked;              /* boot ns at which what is here was so */
	uint64_t ended;                /* boot ns, 0: runs */
	struct text *exe;              /* NULL: unknown, a kernel thread, none of our business */
	struct process *older, *newer; /* of those that have ended */
	uint32_t pid;
	bool seeded; /* no record has named it yet */
	char comm[COMM_SIZE];
};

struct rs_processes {
	struct rs_hashmap *map;
	struct rs_hashmap *texts;
	struct process *oldest, *newest; /* of those that have ended */
	struct text *own, *parent;       /* handed out last */
	struct rs_processes_stats stats;
	size_t max;
	size_t bytes_max;
	uint64_t since;   /* what was checked since then needs no other check */
	uint64_t second;  /* of which reads are counted */
	uint64_t tick_ns; /* of /proc's clock */
	unsigned reads;   /* in that second */
	int proc;         /* -1: none */
	char parent_name[COMM_SIZE];
	char path[RS_EVENT_PATH_MAX]; /* scratch */
};

/* What /proc says of a process; its executable stands in rs_processes.path. */
struct reading {
	uint64_t ticks;
	size_t exe_len; /* 0: unknown */
	char comm[COMM_SIZE];
};

/* --- paths --- */

static struct text *text_ref(struct text *text)
{
	if (text)
		text->refs++;
	return text;
}

static void text_unref(struct rs_processes *p, struct text *text)
{
	if (!text || --text->refs)
		return;
	p->stats.bytes -= text->len;
	if (text->shared)
		rs_hashmap_remove_u64(p->texts, text->hash);
	free(text);
}

/* Puts another path, whose reference it takes, in the place of the one that is there. */
static void text_replace(struct rs_processes *p, struct text **place, struct text *text)
{
	struct text *old = *place;

	*place = text;
	text_unref(p, old);
}

static void forget_oldest(struct rs_processes *p);

/* Makes room for a path by forgetting processes that have ended. */
static bool text_room(struct rs_processes *p, size_t len)
{
	while (p->stats.bytes + len > p->bytes_max && p->oldest) {
		p->stats.evicted++;
		forget_oldest(p);
	}
	return p->stats.bytes + len <= p->bytes_max;
}

/* A reference to the path, NULL where there is no room. */
static struct text *text_get(struct rs_processes *p, const char *data, size_t len)
{
	uint64_t hash = rs_hash_bytes(data, len);
	struct text *text = rs_hashmap_find_u64(p->texts, hash);

	if (text && text->len == len && memcmp(text->data, data, len) == 0)
		return text_ref(text);
	text = text_room(p, len) ? malloc(sizeof(*text) + len + 1) : NULL;
	if (!text) {
		p->stats.refused++;
		return NULL;
	}
	*text = (struct text){ .hash = hash, .refs = 1, .len = (uint32_t)len };
	memcpy(text->data, data, len);
	text->data[len] = '\0';
	/* Two paths of one hash: the second one is not shared. */
	if (!rs_hashmap_find_u64(p->texts, hash))
		text->shared = rs_hashmap_put_u64(p->texts, hash, text) == 0;
	p->stats.bytes += len;
	return text;
}

/* --- processes --- */

/* Distinct enough: whoever finds a process compares it with what was asked for. */
static uint64_t key_of(uint32_t pid, uint64_t start)
{
	return start ^ (uint64_t)pid << 42;
}

static uint64_t key(const struct process *process)
{
	return key_of(process->pid, process->seeded ? 0 : process->start);
}

static void set_comm(struct process *process, const char *comm)
{
	size_t n = strnlen(comm, COMM_SIZE - 1);

	memset(process->comm, 0, COMM_SIZE);
	memcpy(process->comm, comm, n);
}

static bool same_comm(const struct process *process, const char *comm)
{
	return strncmp(process->comm, comm, COMM_SIZE - 1) == 0;
}

static void mark_ended(struct rs_processes *p, struct process *process, uint64_t when)
{
	if (process->ended)
		return;
	process->ended = when ? when : 1;
	process->older = p->newest;
	process->newer = NULL;
	*(p->newest ? &p->newest->newer : &p->oldest) = process;
	p->newest = process;
}

static void mark_running(struct rs_processes *p, struct process *process)
{
	if (!process->ended)
		return;
	process->ended = 0;
	*(process->older ? &process->older->newer : &p->oldest) = process->newer;
	*(process->newer ? &process->newer->older : &p->newest) = process->older;
}

/* For a process that is in the map no more. */
static void process_free(struct rs_processes *p, struct process *process)
{
	mark_running(p, process);
	text_unref(p, process->exe);
	free(process);
}

static void on_drop(void *value, void *data)
{
	process_free(data, value);
}

static void forget(struct rs_processes *p, struct process *process)
{
	rs_hashmap_remove_u64(p->map, key(process));
	process_free(p, process);
}

/* Of those that have ended; there is one. */
static void forget_oldest(struct rs_processes *p)
{
	struct process *process = p->oldest;

	p->oldest = process->newer;
	*(p->oldest ? &p->oldest->older : &p->newest) = NULL;
	process->ended = 0; /* in the list no more */
	forget(p, process);
}

static void expire(struct rs_processes *p, uint64_t now)
{
	for (unsigned i = 0; i < EXPIRE_MAX && p->oldest; i++) {
		if (now < p->oldest->ended + RS_PROCESSES_KEEP_NS)
			return;
		forget_oldest(p);
	}
}

/* Takes the process, which is not in the map, into it or frees it. */
static struct process *enter(struct rs_processes *p, struct process *process)
{
	if (rs_hashmap_len(p->map) >= p->max && p->oldest) {
		p->stats.evicted++;
		forget_oldest(p);
	}
	if (rs_hashmap_put_u64(p->map, key(process), process) >= 0)
		return process;
	process_free(p, process);
	return NULL;
}

/* A new one. May throw out any other. */
static struct process *add(struct rs_processes *p, uint32_t pid, uint64_t start, bool seeded)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->pid = pid;
	process->start = start;
	process->seeded = seeded;
	return enter(p, process);
}

/* One that was there at the start gets the name that records have for it. */
static struct process *adopt(struct rs_processes *p, uint32_t pid, uint64_t start)
{
	struct process *process = rs_hashmap_find_u64(p->map, key_of(pid, 0));

	if (!process || !process->seeded || process->pid != pid ||
	    process->start != start / p->tick_ns)
		return NULL;
	rs_hashmap_remove_u64(p->map, key(process));
	process->seeded = false;
	process->start = start;
	return enter(p, process);
}

static struct process *find(struct rs_processes *p, uint32_t pid, uint64_t start)
{
	struct process *process = rs_hashmap_find_u64(p->map, key_of(pid, start));

	if (likely(process && process->start == start && process->pid == pid && !process->seeded))
		return process;
	return adopt(p, pid, start);
}

/* --- /proc --- */

/* The path is the kernel's with a mark where the file has no name any more. It may just as well be
 * part of the name: the file itself tells. */
static size_t without_mark(int proc, const char *link, const char *path, size_t len)
{
	const size_t mark = sizeof(DELETED) - 1;
	struct stat st;

	if (len <= mark || memcmp(path + len - mark, DELETED, mark) != 0)
		return len;
	return fstatat(proc, link, &st, 0) < 0 || st.st_nlink ? len : len - mark;
}

/* The path of the executable into path; its length, 0 where there is none to be had. */
static size_t read_exe(struct rs_processes *p, uint32_t pid)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "%u/exe", pid);
	n = readlinkat(p->proc, link, p->path, RS_PATH_MAX);
	if (n <= 0 || n >= RS_PATH_MAX || p->path[0] != '/')
		return 0;
	return without_mark(p->proc, link, p->path, (size_t)n);
}

/* "PID (name) S PPID ...": the name may hold anything, but ends with the last parenthesis. */
static bool parse_stat(const char *text, struct reading *ret_reading)
{
	const char *name = strchr(text, '('), *end = strrchr(text, ')'), *at;
	size_t n;

	if (!name || !end || end < name)
		return false;
	name++;
	n = MIN((size_t)(end - name), COMM_SIZE - 1);
	memset(ret_reading->comm, 0, COMM_SIZE);
	memcpy(ret_reading->comm, name, n);
	at = end + 1;
	if (*at != ' ')
		return false;
	for (unsigned field = 3; field < START_AT; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return false;
	}
	ret_reading->ticks = strtoull(at + 1, NULL, 10);
	return true;
}

/* The executable first: when the start time that is read then is the one that was asked for, the pid
 * has been this process's all the while. */
static bool read_process(struct rs_processes *p, uint32_t pid, struct reading *ret_reading)
{
	char path[32], text[STAT_SIZE];

	if (p->proc < 0)
		return false;
	ret_reading->exe_len = read_exe(p, pid);
	snprintf(path, sizeof(path), "%u/stat", pid);
	return rs_fd_read_buf_at(p->proc, path, text, sizeof(text)) > 0 &&
	       parse_stat(text, ret_reading);
}

static void take_reading(struct rs_processes *p, struct process *process,
			 const struct reading *reading)
{
	set_comm(process, reading->comm);
	text_replace(p, &process->exe,
		     reading->exe_len ? text_get(p, p->path, reading->exe_len) : NULL);
}

/* Whether one more look is allowed at this moment. */
static bool may_read(struct rs_processes *p, uint64_t now)
{
	if (now / RS_NSEC_PER_SEC != p->second) {
		p->second = now / RS_NSEC_PER_SEC;
		p->reads = 0;
	}
	if (p->reads >= RS_PROCESSES_READS)
		return false;
	p->reads++;
	p->stats.reads++;
	return true;
}

/* Compares what is known with what is. Of a process that is gone it stays as it was. */
static void read_again(struct rs_processes *p, struct process *process)
{
	uint64_t now = rs_clock_boot();
	struct reading reading;

	if (!may_read(p, now))
		return;
	process->checked = now;
	if (!read_process(p, process->pid, &reading) ||
	    reading.ticks != process->start / p->tick_ns)
		mark_ended(p, process, now);
	else if (reading.exe_len || !same_comm(process, reading.comm))
		take_reading(p, process, &reading);
}

/* A process that nothing told of. That nothing is to be had is remembered, too. */
static struct process *read_new(struct rs_processes *p, uint32_t pid, uint64_t start)
{
	uint64_t now = rs_clock_boot();
	struct process *process;
	struct reading reading;
	bool alive;

	expire(p, now);
	if (!may_read(p, now))
		return NULL;
	alive = read_process(p, pid, &reading) && reading.ticks == start / p->tick_ns;
	process = add(p, pid, start, false);
	if (!process)
		return NULL;
	process->checked = now;
	if (alive)
		take_reading(p, process, &reading);
	else
		mark_ended(p, process, now);
	return process;
}

static void seed_one(struct rs_processes *p, const char *name)
{
	struct process *process;
	struct reading reading;
	uint64_t pid;

	if (rs_units_parse_u64(name, UINT32_MAX, &pid, NULL) < 0 ||
	    !read_process(p, (uint32_t)pid, &reading))
		return;
	process = add(p, (uint32_t)pid, reading.ticks, true);
	if (!process)
		return;
	process->checked = rs_clock_boot();
	take_reading(p, process, &reading);
}

void rs_processes_seed(struct rs_processes *processes)
{
	int fd = processes->proc < 0
			 ? -1
			 : openat(processes->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		rs_cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) && rs_hashmap_len(processes->map) < processes->max) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			seed_one(processes, entry->d_name);
	}
	closedir(dir);
}

/* --- records --- */

/*
 * What is known of a process at a moment, NULL: nothing. @comm is the name that it had then, NULL
 * where that is not known. While records do not tell of every exec, a name that differs from the one
 * that goes with the executable means that there may have been one: before the event, then /proc
 * knows by now; or after it, then nobody knows any more.
 */
static struct process *look(struct rs_processes *p, uint32_t pid, uint64_t start, const char *comm,
			    uint64_t now)
{
	struct process *process = find(p, pid, start);

	if (likely(process && process->checked >= p->since))
		return process;
	if (!process)
		process = read_new(p, pid, start);
	else if (!process->ended &&
		 (now >= process->checked + RS_PROCESSES_TRUST_NS ||
		  (comm && now >= process->checked && !same_comm(process, comm))))
		read_again(p, process);
	if (process && process->checked < p->since && comm && !same_comm(process, comm))
		return NULL;
	return process;
}

static void on_fork(struct rs_processes *p, const struct rs_hdr *hdr)
{
	struct process *parent, *child;
	struct text *exe;

	parent = hdr->pstart ? look(p, hdr->ppid, hdr->pstart, NULL, hdr->time) : NULL;
	if (!parent || !parent->exe)
		return; /* the child is looked at when it does something */
	exe = text_ref(parent->exe);
	child = find(p, hdr->pid, hdr->start);
	if (!child)
		child = add(p, hdr->pid, hdr->start, false); /* may throw out the parent */
	if (!child) {
		text_unref(p, exe);
		return;
	}
	text_replace(p, &child->exe, exe);
	set_comm(child, hdr->comm);
	child->checked = hdr->time;
}

static void on_exec(struct rs_processes *p, const struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	struct process *process = find(p, hdr->pid, hdr->start);
	struct text *exe = NULL;
	struct rs_path path;

	if (process)
		mark_running(p, process); /* not to be thrown out meanwhile */
	if (rs_event_kernel_path(&event->field[RS_TAG_EXE], p->path, &path) && path.data[0])
		exe = text_get(p, path.data, strnlen(path.data, path.len));
	if (!exe) {
		if (process)
			forget(p, process); /* what was known is wrong now */
		return;
	}
	if (!process)
		process = add(p, hdr->pid, hdr->start, false);
	if (!process) {
		text_unref(p, exe);
		return;
	}
	text_replace(p, &process->exe, exe);
	set_comm(process, hdr->comm);
	process->checked = hdr->time;
}

static void on_exit_record(struct rs_processes *p, const struct rs_hdr *hdr)
{
	struct process *process = find(p, hdr->pid, hdr->start);

	if (process)
		mark_ended(p, process, hdr->time);
}

void rs_processes_feed(struct rs_processes *processes, const struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;

	if (likely(hdr->kind > RS_KIND_EXIT) || !hdr->start)
		return;
	if (hdr->kind == RS_KIND_FORK)
		on_fork(processes, hdr);
	else if (hdr->kind == RS_KIND_EXEC)
		on_exec(processes, event);
	else
		on_exit_record(processes, hdr);
	expire(processes, hdr->time);
}

/* Keeps the path that is handed out until the next call. Returns it as text. */
static const char *hand_out(struct rs_processes *p, struct text **place,
			    const struct process *process)
{
	struct text *exe = process ? process->exe : NULL;

	if (*place != exe)
		text_replace(p, place, text_ref(exe));
	return exe ? exe->data : NULL;
}

static void enrich_own(struct rs_processes *p, struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	const char *comm = hdr->tid == hdr->pid ? hdr->comm : NULL; /* threads have their own */
	struct process *process = NULL;

	if (hdr->start && !(hdr->flags & RS_HDR_KTHREAD))
		process = look(p, hdr->pid, hdr->start, comm, hdr->time);
	event->executable = hand_out(p, &p->own, process);
	if (process && comm && unlikely(!same_comm(process, comm)))
		set_comm(process,
			 comm); /* it renamed itself: what its children's parent is called */
}

static void enrich_parent(struct rs_processes *p, struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	struct process *process = NULL;

	if (hdr->ppid && hdr->pstart)
		process = look(p, hdr->ppid, hdr->pstart, NULL, hdr->time);
	event->parent_executable = hand_out(p, &p->parent, process);
	event->parent_name = NULL;
	if (!process || !process->comm[0])
		return;
	memcpy(p->parent_name, process->comm, COMM_SIZE);
	event->parent_name = p->parent_name;
}

void rs_processes_enrich(struct rs_processes *processes, struct rs_event *event)
{
	enrich_own(processes, event);
	enrich_parent(processes, event);
}

/* --- life --- */

void rs_processes_set_complete(struct rs_processes *processes, bool complete)
{
	if (complete == (processes->since != UINT64_MAX))
		return;
	processes->since = complete ? rs_clock_boot() : UINT64_MAX;
}

int rs_processes_new(const struct rs_processes_options *options,
		     struct rs_processes **ret_processes, struct rs_error *err)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = calloc(1, sizeof(*p));
	struct rs_hashmap_opts map = { .evict = true, .drop = on_drop, .data = p }, texts = { 0 };

	if (!p)
		return rs_error_set_errno(err, -ENOMEM, "remembering processes");
	p->max = options && options->max ? options->max : RS_PROCESSES_MAX;
	p->bytes_max = options && options->bytes ? options->bytes : RS_PROCESSES_BYTES;
	p->tick_ns = RS_NSEC_PER_SEC / (uint64_t)MAX(sysconf(_SC_CLK_TCK), 1);
	map.max = p->max;
	texts.max = p->max + 8; /* and those in our hands */
	p->proc = open(options && options->proc ? options->proc : "/proc",
		       O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rs_hashmap_new_u64(&texts, &p->texts) < 0 || rs_hashmap_new_u64(&map, &p->map) < 0)
		return rs_error_set_errno(err, -ENOMEM, "remembering processes");
	*ret_processes = TAKE_PTR(p);
	return 0;
}

void rs_processes_free(struct rs_processes **processes)
{
	struct rs_processes *p = *processes;

	if (!p)
		return;
	rs_hashmap_free(&p->map);
	text_replace(p, &p->own, NULL);
	text_replace(p, &p->parent, NULL);
	rs_hashmap_free(&p->texts);
	rs_cleanup_close(&p->proc);
	free(p);
	*processes = NULL;
}

struct rs_processes_stats rs_processes_stats(const struct rs_processes *processes)
{
	struct rs_processes_stats stats = processes->stats;

	stats.processes = rs_hashmap_len(processes->map);
	stats.executables = rs_hashmap_len(processes->texts);
	stats.evicted += rs_hashmap_stats(processes->map).evicted;
	return stats;
}
