/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/scope.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/fd.h"
#include "bpf/abi/control.h"
#include "kern/sensors.h"

struct process {
	uint32_t pid;
	uint32_t ppid;
	uint32_t bits; /* RS_SCOPE_* */
};

struct processes {
	RS_VEC(struct process) list;
};

static int read_process(int proc, const char *name, const struct rs_filter *filter,
			struct process *ret)
{
	char path[64], buf[512], exe[PATH_MAX];
	const char *end;
	ssize_t n;

	ret->pid = strtoul(name, NULL, 10);
	ret->bits = 0;
	snprintf(path, sizeof(path), "%s/stat", name);
	n = rs_fd_read_buf_at(proc, path, buf, sizeof(buf));
	end = n > 0 ? strrchr(buf, ')') : NULL; /* the name may hold anything but ends here */
	if (!end || strlen(end) < 5)            /* ") S 1" at least */
		return -ESRCH;
	ret->ppid = strtoul(end + 4, NULL, 10);
	for (size_t i = 0; i < filter->n_pids; i++)
		if (filter->pids[i] == ret->pid)
			ret->bits |= RS_SCOPE_PID;
	snprintf(path, sizeof(path), "%s/exe", name);
	n = filter->n_exes ? readlinkat(proc, path, exe, sizeof(exe) - 1) : -1;
	if (n < 0)
		return 0;
	exe[n] = '\0';
	for (size_t i = 0; i < filter->n_exes; i++)
		if (!strcmp(filter->exes[i], exe))
			ret->bits |= RS_SCOPE_EXE;
	return 0;
}

static int scan_processes(const struct rs_filter *filter, struct processes *out,
			  struct rs_error *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return rs_error_set_errno(err, -errno, "opening \"/proc\"");
	while (!r && (entry = readdir(dir))) {
		struct process p;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		if (!read_process(dirfd(dir), entry->d_name, filter, &p))
			r = rs_vec_push(&out->list, p);
	}
	closedir(dir);
	return r ? rs_error_set(err, r, "out of memory") : 0;
}

/* Hands RS_SCOPE_PID down to children until nothing changes. */
static void mark_descendants(struct processes *all)
{
	bool changed = true;

	while (changed) {
		changed = false;
		rs_vec_foreach(&all->list, child)
		{
			if (child->bits & RS_SCOPE_PID)
				continue;
			rs_vec_foreach(&all->list, parent)
			{
				if (parent->pid != child->ppid || !(parent->bits & RS_SCOPE_PID))
					continue;
				child->bits |= RS_SCOPE_PID;
				changed = true;
				break;
			}
		}
	}
}

#define STATE   3 /* proc_pid_stat(5) */
#define FLAGS   9
#define THREADS 20

/* A field of /proc/PID/stat, from STATE on; NULL: no such process. */
static const char *stat_field(uint32_t pid, int number, char *buf, size_t size)
{
	char path[32];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (rs_fd_read_buf_at(AT_FDCWD, path, buf, size) <= 0)
		return NULL;
	at = strrchr(buf, ')'); /* the name may hold anything but ends here */
	if (!at || strlen(at) < 3)
		return NULL;
	at += 2;
	for (int field = STATE; field < number && at; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at;
}

bool rs_scope_is_dead(uint32_t pid)
{
	char buf[512];
	const char *at = stat_field(pid, STATE, buf, sizeof(buf));

	if (!at)
		return true;
	if (*at != 'Z' && *at != 'X')
		return false;
	at = stat_field(pid, THREADS, buf, sizeof(buf));
	return !at || strtoul(at, NULL, 10) <= 1;
}

bool rs_scope_is_kernel(uint32_t pid)
{
	char buf[512];
	const char *at = stat_field(pid, FLAGS, buf, sizeof(buf));

	return at && strtoul(at, NULL, 10) & 0x00200000; /* PF_KTHREAD */
}

/* Threads are found by their number, too, but are in no list. 0: none has this number. */
static uint32_t process_of(uint32_t tid)
{
	char path[32], buf[512];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	if (rs_fd_read_buf_at(AT_FDCWD, path, buf, sizeof(buf)) <= 0)
		return 0;
	at = strstr(buf, "\nTgid:");
	return at ? (uint32_t)strtoul(at + 6, NULL, 10) : 0;
}

static int check_pid_lives(uint32_t pid, const struct processes *all, struct rs_error *err)
{
	uint32_t process;

	rs_vec_foreach(&all->list, p) if (p->pid == pid)
	{
		if (!rs_scope_is_dead(pid))
			return 0;
		return rs_error_set(err, -ESRCH,
				    "pid %u: the process has ended, and waits for its "
				    "parent to take note of it",
				    pid);
	}
	process = process_of(pid);
	rs_error_set(err, -ESRCH, "pid %u: no such process", pid);
	if (process && process != pid) {
		rs_error_set(err, -ESRCH, "pid %u: this is a thread of process %u", pid, process);
		rs_error_hint(err, "processes are watched with all of their threads");
	}
	return -ESRCH;
}

static int check_pids_live(const struct rs_filter *filter, struct processes *all,
			   struct rs_error *err)
{
	int r = 0;

	for (size_t i = 0; i < filter->n_pids && !r; i++)
		r = check_pid_lives(filter->pids[i], all, err);
	return r;
}

int rs_scope_collect(const struct rs_filter *filter, struct rs_entries *e, bool first,
		     struct rs_error *err)
{
	struct processes all = { 0 };
	int r = scan_processes(filter, &all, err);

	if (!r && first && !filter->pids_kept)
		r = check_pids_live(filter, &all, err);
	mark_descendants(&all);
	rs_vec_foreach(&all.list, p) if (!r && p->bits && rs_entries_add(e, &p->pid, p->bits))
		r = rs_error_set(err, -ENOMEM, "out of memory");
	rs_vec_done(&all.list);
	return r;
}

void rs_scope_drop_dead(struct rs_sensors *sensors, const struct rs_entries *e)
{
	int fd = rs_sensors_map_fd(sensors, e->map);

	for (size_t i = 0; i < e->values.len; i++) {
		uint32_t pid;

		memcpy(&pid, e->keys.items + i * e->key_size, sizeof(pid));
		if (rs_scope_is_dead(pid))
			bpf_map_delete_elem(fd, &pid);
	}
}

int rs_scope_refresh(struct rs_sensors *sensors, const struct rs_filter *filter,
		     struct rs_error *err)
{
	struct rs_entries now = { .map = "rs_scope", .key_size = 4 };
	int r = rs_scope_collect(filter, &now, false, err);

	if (!r)
		r = rs_entries_insert(sensors, &now, err);
	rs_scope_drop_dead(sensors, &now);
	rs_entries_done(&now);
	return r;
}

void rs_scope_prune(struct rs_sensors *sensors, const struct rs_filter *filter)
{
	bool stale = true;

	for (int round = 0; stale && round < 8; round++) {
		struct rs_entries wanted = { .map = "rs_scope", .key_size = 4 };

		stale = !rs_scope_collect(filter, &wanted, false, NULL) &&
			rs_entries_prune(sensors, &wanted) > 0;
		if (stale)
			rs_entries_insert(sensors, &wanted, NULL);
		rs_scope_drop_dead(sensors, &wanted);
		rs_entries_done(&wanted);
	}
}
