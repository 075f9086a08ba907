/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/identity.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "kern/tasks.h"

#define TICK_NS 100000000ull /* how often time alone changes something */

struct rs_identity {
	struct rs_identity_options options;
	struct rs_cgroup_tree tree;
	struct rs_users *users;
	struct rs_processes *processes;
	struct rs_lookup *lookup;
	struct rs_containers *containers; /* NULL: no control groups here */
	struct rs_kube *kube;             /* NULL: not asked for */
	struct rs_loop_source *answers;
	int (*on_news)(void *data);
	void *data;
	uint64_t next_tick;
	char kube_problem[sizeof(((struct rs_kube_stats *)0)->problem)]; /* told last */
};

/* --- life --- */

/* A node without control groups has no containers. That is worth a word, not the agent. */
static int without_containers(struct rs_identity *identity, struct rs_error *err)
{
	char text[sizeof(err->msg) + 64];

	snprintf(text, sizeof(text), "containers are not known: %s", err ? err->msg : "");
	rs_error_reset(err);
	if (identity->options.note)
		identity->options.note(identity->options.data, text);
	return 0;
}

static int open_containers(struct rs_identity *identity, struct rs_error *err)
{
	const struct rs_identity_options *options = &identity->options;
	struct rs_containers_options wanted = { .tree = &identity->tree };
	int r;

	r = rs_cgroup_choose(options->proc ? options->proc : "/proc", &identity->tree, err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return without_containers(identity, err);
	r = rs_lookup_new(options->host_root, options->proc, &identity->lookup, err);
	if (r < 0)
		return r;
	wanted.lookup = identity->lookup;
	return rs_containers_new(&wanted, &identity->containers, err);
}

int rs_identity_new(const struct rs_identity_options *options, struct rs_identity **ret_identity,
		    struct rs_error *err)
{
	_cleanup_(rs_identity_free) struct rs_identity *identity = calloc(1, sizeof(*identity));
	struct rs_processes_options processes = { .proc = options->proc };
	int r;

	if (!identity)
		return rs_error_set_errno(err, -ENOMEM, "making the table of processes");
	identity->options = *options;
	r = rs_users_new(options->root, &identity->users, err);
	if (!r)
		r = rs_processes_new(&processes, &identity->processes, err);
	if (!r)
		r = open_containers(identity, err);
	identity->options.proc = NULL; /* was borrowed for this call */
	if (r < 0)
		return r;
	*ret_identity = TAKE_PTR(identity);
	return 0;
}

void rs_identity_free(struct rs_identity **identity)
{
	struct rs_identity *i = *identity;

	if (!i)
		return;
	rs_loop_remove(&i->answers);
	rs_containers_free(&i->containers);
	rs_kube_free(&i->kube);
	rs_lookup_free(&i->lookup);
	rs_processes_free(&i->processes);
	rs_users_free(&i->users);
	free(i);
	*identity = NULL;
}

uint32_t rs_identity_cgroup_v1(const struct rs_identity *identity)
{
	return identity->tree.v1;
}

/* Without the kernel's own list /proc is all there is. */
static void seed_processes(struct rs_identity *identity, struct rs_sensors *sensors)
{
	_cleanup_(rs_cleanup_free) struct rs_task *tasks = NULL;
	struct rs_error why = RS_ERROR_INIT;
	size_t n = 0;

	if (sensors && rs_tasks_read(sensors, &tasks, &n, &why) < 0)
		rs_log_debug("what runs is read from /proc alone: %s", why.msg);
	rs_processes_seed(identity->processes, tasks, n);
}

int rs_identity_seed(struct rs_identity *identity, struct rs_sensors *sensors, struct rs_error *err)
{
	seed_processes(identity, sensors);
	return identity->containers ? rs_containers_scan(identity->containers, err) : 0;
}

static int on_answers(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_identity *identity = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_containers_tick(identity->containers, rs_clock_mono());
	return identity->on_news ? identity->on_news(identity->data) : 0;
}

static int on_pods(void *data)
{
	struct rs_identity *identity = data;

	rs_containers_tick(identity->containers, rs_clock_mono());
	return identity->on_news ? identity->on_news(identity->data) : 0;
}

int rs_identity_start(struct rs_identity *identity, struct rs_loop *loop,
		      int (*on_news)(void *data), void *data, struct rs_error *err)
{
	int r = 0;

	if (!identity->containers)
		return 0;
	identity->on_news = on_news;
	identity->data = data;
	/* The program first: it is made by fork, and a process with one thread forks safest. */
	if (identity->options.kube.source != RS_KUBE_NONE)
		r = rs_kube_new(&identity->options.kube, loop, &identity->kube, err);
	if (!r)
		r = rs_lookup_start(identity->lookup, err);
	if (!r)
		r = rs_loop_add_fd(loop, rs_lookup_fd(identity->lookup), EPOLLIN, on_answers,
				   identity, &identity->answers, err);
	if (!r && identity->kube) {
		rs_kube_set_news(identity->kube, on_pods, identity);
		rs_containers_set_kube(identity->containers, identity->kube);
	}
	return r;
}

/* --- events --- */

static void feed_cgroup(struct rs_identity *identity, const struct rs_event *event)
{
	struct rs_containers_maker maker = { 0 };
	struct rs_process_info info;
	bool known;

	if (!identity->containers)
		return;
	known = event->hdr->kind == RS_KIND_CGROUP_MKDIR &&
		rs_processes_find(identity->processes, event->hdr->pid, event->hdr->start, &info);
	if (known) {
		maker.args = info.args;
		maker.args_len = info.args_len;
		maker.cwd = info.cwd;
	}
	rs_containers_feed(identity->containers, event, known ? &maker : NULL);
}

void rs_identity_feed(struct rs_identity *identity, const struct rs_event *event)
{
	switch ((enum rs_kind)event->hdr->kind) {
	case RS_KIND_FORK:
	case RS_KIND_EXEC:
	case RS_KIND_EXIT:
		rs_processes_feed(identity->processes, event);
		break;
	case RS_KIND_CGROUP_MKDIR:
	case RS_KIND_CGROUP_RMDIR:
		feed_cgroup(identity, event);
		break;
	default:
		break;
	}
}

bool rs_identity_wait(struct rs_identity *identity, const struct rs_event *event, uint64_t now)
{
	return identity->containers && rs_containers_wait(identity->containers, event->hdr, now);
}

/* Whoever runs in a container is named by what the container calls its users. */
static void name_user(struct rs_identity *identity, struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	struct rs_users *users = identity->users;
	uint32_t uid = hdr->uid, gid = hdr->gid;

	if (event->cgroup && event->cgroup->container)
		rs_containers_users(identity->containers, hdr, &users, &uid, &gid);
	event->user = users ? rs_users_name(users, uid) : NULL;
	event->group = users ? rs_users_group_name(users, gid) : NULL;
}

void rs_identity_enrich(struct rs_identity *identity, struct rs_event *event)
{
	rs_processes_enrich(identity->processes, event);
	if (identity->containers)
		event->cgroup = rs_containers_find(identity->containers, event->hdr);
	name_user(identity, event);
}

void rs_identity_set_complete(struct rs_identity *identity, bool complete)
{
	rs_processes_set_complete(identity->processes, complete);
}

static void tell_kube(struct rs_identity *identity)
{
	char text[sizeof(identity->kube_problem) + 64];
	struct rs_kube_stats stats;

	rs_kube_stats(identity->kube, &stats);
	if (strcmp(stats.problem, identity->kube_problem) == 0)
		return;
	memcpy(identity->kube_problem, stats.problem, sizeof(stats.problem));
	if (!identity->options.note)
		return;
	if (stats.problem[0])
		snprintf(text, sizeof(text), "the list of pods: %s", stats.problem);
	else
		snprintf(text, sizeof(text), "the list of pods is there again");
	identity->options.note(identity->options.data, text);
}

void rs_identity_lost(struct rs_identity *identity)
{
	rs_processes_set_complete(identity->processes, false);
	rs_processes_set_complete(identity->processes, true);
}

void rs_identity_lost_groups(struct rs_identity *identity)
{
	if (identity->containers)
		rs_containers_rescan(identity->containers);
}

void rs_identity_await(struct rs_identity *identity, int ms)
{
	struct pollfd fd = { .fd = identity->lookup ? rs_lookup_fd(identity->lookup) : -1,
			     .events = POLLIN };

	poll(&fd, 1, ms);
	if (identity->containers)
		rs_containers_tick(identity->containers, rs_clock_mono());
}

void rs_identity_tick(struct rs_identity *identity, uint64_t now)
{
	rs_users_refresh(identity->users, now);
	if (now < identity->next_tick || !identity->containers)
		return;
	identity->next_tick = now + TICK_NS;
	if (identity->kube)
		tell_kube(identity);
	rs_containers_tick(identity->containers, now);
}

struct rs_containers *rs_identity_containers(struct rs_identity *identity)
{
	return identity->containers;
}

void rs_identity_stats(const struct rs_identity *identity, struct rs_identity_stats *ret_stats)
{
	*ret_stats = (struct rs_identity_stats){
		.processes = rs_processes_stats(identity->processes),
	};
	if (identity->containers)
		rs_containers_stats(identity->containers, &ret_stats->containers);
	if (identity->kube)
		rs_kube_stats(identity->kube, &ret_stats->kube);
}
