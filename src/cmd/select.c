/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/util.h"
#include "base/vec.h"
#include "enrich/choice.h"
#include "rules/expr.h"

#define FIELD(name) offsetof(struct rs_select_options, name)
#define LIST(letter, name, var, field, text, ...)                                                  \
	RS_OPT_ROW(letter, name, var, RS_OPT_LIST, FIELD(field), text, __VA_ARGS__)

const struct rs_opt rs_select_opts[] = {
	LIST('p', "pid", "PID,...", pids, "only these processes", .group = "What to watch"),
	LIST(0, "comm", "NAME,...", comms, "only threads of this name (at most 15 bytes)"),
	LIST(0, "uid", "USER,...", uids, "only processes of these users, names or numbers"),
	LIST(0, "cgroup", "DIR", cgroups, "only processes in this control group and below",
	     .flags = RS_OPT_NO_SPLIT),
	LIST(0, "container", "GLOB,...", containers,
	     "only processes in containers of this name, or whose id begins so"),
	LIST(0, "pod", "GLOB,...", pods, "only processes in pods of this name"),
	LIST(0, "namespace", "GLOB,...", namespaces, "only processes in pods of this namespace"),
	RS_OPT_ROW(0, "host-root", "DIR", RS_OPT_STRING, FIELD(host_root),
		   "where the host's files are mounted, when run in a container"),
	RS_OPT_END,
};

const struct rs_opt rs_select_opts_command[] = {
	RS_OPT_ROW('c', "command", "CMD", RS_OPT_STRING, FIELD(command),
		   "run this command and watch it; ends when it ends"),
	RS_OPT_END,
};

struct rs_select {
	const struct rs_select_options *options;
	struct rs_target target;
	struct rs_command *command;
	struct rs_snapshot *snapshot; /* made when it is first needed */
	bool no_snapshot;             /* could not be made */
	uint32_t *pids, *uids;
	size_t n_pids;
	RS_VEC(uint64_t) cgroups;
};

static int no_memory(struct rs_error *err)
{
	return rs_error_set_errno(err, -ENOMEM, "choosing whom to watch");
}

static struct rs_snapshot *snapshot_of(struct rs_select *select, struct rs_error *err)
{
	if (!select->snapshot && !select->no_snapshot)
		select->no_snapshot = rs_snapshot_new(select->options->host_root, &select->snapshot,
						      err) < 0;
	return select->snapshot;
}

/* --- control groups --- */

static bool below(const char *path, const char *above)
{
	size_t n = strlen(above);

	while (n && above[n - 1] == '/')
		n--;
	return !strncmp(path, above, n) && (!path[n] || path[n] == '/');
}

struct group_walk {
	struct rs_select *select;
	const char *const *paths;
	size_t n_paths;
};

static bool have_group(const struct rs_select *select, uint64_t id)
{
	for (size_t i = 0; i < select->cgroups.len; i++)
		if (select->cgroups.items[i] == id)
			return true;
	return false;
}

static int on_group(void *data, uint64_t id, const char *path)
{
	struct group_walk *walk = data;

	for (size_t i = 0; i < walk->n_paths; i++) {
		if (!below(path, walk->paths[i]) || have_group(walk->select, id))
			continue;
		if (rs_vec_push(&walk->select->cgroups, id))
			return -ENOMEM;
	}
	return 0;
}

static bool matches(const struct rs_opt_list *list, const char *text)
{
	if (!list->len)
		return true;
	for (size_t i = 0; i < list->len && text; i++)
		if (rs_glob_match(list->items[i], strlen(list->items[i]), text, strlen(text)))
			return true;
	return false;
}

static bool begins(const struct rs_opt_list *list, const char *text)
{
	for (size_t i = 0; i < list->len; i++)
		if (!strncmp(text, list->items[i], strlen(list->items[i])))
			return true;
	return false;
}

struct container_walk {
	const struct rs_select_options *options;
	RS_VEC(char *) paths;
	bool no_memory;
};

static void on_container(void *data, const struct rs_container_row *row)
{
	struct container_walk *walk = data;
	const struct rs_event_container *c = row->container;
	const struct rs_select_options *o = walk->options;
	char *path;

	if (row->gone || !row->cgroup ||
	    !(matches(&o->containers, c->name) || begins(&o->containers, c->id)) ||
	    !matches(&o->pods, c->pod_name) || !matches(&o->namespaces, c->namespace))
		return;
	path = strdup(row->cgroup);
	if (!path || rs_vec_push(&walk->paths, path)) {
		free(path);
		walk->no_memory = true;
	}
}

static bool by_container(const struct rs_select_options *options)
{
	return options->containers.len || options->pods.len || options->namespaces.len;
}

/* Groups of all containers that are asked for, as they are now. */
static int add_containers(struct rs_select *select, struct rs_snapshot *snapshot, size_t *ret_found,
			  struct rs_error *err)
{
	struct container_walk walk = { .options = select->options };
	struct group_walk groups = { .select = select };
	int r = 0;

	rs_containers_list(rs_snapshot_containers(snapshot), 0, on_container, &walk);
	groups.paths = (const char *const *)walk.paths.items;
	groups.n_paths = walk.paths.len;
	*ret_found = walk.paths.len;
	if (walk.paths.len)
		r = rs_cgroup_walk(rs_snapshot_tree(snapshot), on_group, &groups, err);
	if (walk.no_memory)
		r = no_memory(err);
	rs_vec_foreach(&walk.paths, path) free(*path);
	rs_vec_done(&walk.paths);
	return r;
}

static int add_directory(struct rs_select *select, struct rs_snapshot *snapshot, const char *dir,
			 struct rs_error *err)
{
	const struct rs_cgroup_tree *tree = rs_snapshot_tree(snapshot);
	size_t mount = strlen(tree->mount), before = select->cgroups.len;
	_cleanup_(rs_cleanup_free) char *path = NULL;
	struct group_walk walk = { .select = select, .n_paths = 1 };
	int r;

	if (mount && !strncmp(dir, tree->mount, mount) && (!dir[mount] || dir[mount] == '/'))
		dir += mount;
	if (asprintf(&path, "%s%s", *dir == '/' ? "" : "/", dir) < 0)
		return no_memory(err);
	walk.paths = (const char *const[]){ path };
	r = rs_cgroup_walk(tree, on_group, &walk, err);
	if (!r && select->cgroups.len == before)
		r = rs_error_set(err, -ENOENT,
				 "--cgroup %s: there is no such control group in \"%s\"", dir,
				 tree->mount);
	return r;
}

static int take_cgroups(struct rs_select *select, struct rs_error *err)
{
	const struct rs_select_options *o = select->options;
	struct rs_snapshot *snapshot;
	size_t found = 1;
	int r = 0;

	if (!o->cgroups.len && !by_container(o))
		return 0;
	snapshot = snapshot_of(select, err);
	if (!snapshot)
		return err ? err->code : -ENOENT;
	select->target.by_cgroup = true;
	select->target.cgroup_v1 = rs_snapshot_tree(snapshot)->v1;
	for (size_t i = 0; i < o->cgroups.len && !r; i++)
		r = add_directory(select, snapshot, o->cgroups.items[i], err);
	if (!r && by_container(o))
		r = add_containers(select, snapshot, &found, err);
	if (!r && !found) {
		r = rs_error_set(err, -ENOENT, "no container that runs is meant by this");
		rs_error_hint(err, "which there are: ringside containers");
	}
	return r;
}

/* --- all of it --- */

static void publish(struct rs_select *select, bool follow)
{
	struct rs_target *t = &select->target;

	t->pids = select->pids;
	t->n_pids = select->n_pids;
	t->follow = follow;
	t->comms = (const char *const *)select->options->comms.items;
	t->n_comms = select->options->comms.len;
	t->uids = select->uids;
	t->n_uids = select->options->uids.len;
	t->cgroups = select->cgroups.items;
	t->n_cgroups = select->cgroups.len;
}

static int check_comms(const struct rs_opt_list *list, struct rs_error *err)
{
	for (size_t i = 0; i < list->len; i++)
		if (strlen(list->items[i]) > 15)
			return rs_error_set(err, -EINVAL,
					    "--comm %s: names of threads have at most 15 bytes",
					    list->items[i]);
	return 0;
}

static int start_command(struct rs_select *select, struct rs_error *err)
{
	const struct rs_select_options *o = select->options;
	_cleanup_(rs_account_free) struct rs_account *account = NULL;
	int r = o->user ? rs_account_find(o->host_root, o->user, &account, err) : 0;

	if (!r)
		r = rs_command_start_as(o->command, account, &select->command, err);
	if (!r) /* there is room for one more */
		select->pids[select->n_pids++] = (uint32_t)rs_command_pid(select->command);
	return r;
}

int rs_select_new(const struct rs_select_options *options, bool follow,
		  struct rs_select **ret_select, struct rs_error *err)
{
	_cleanup_(rs_select_free) struct rs_select *select = calloc(1, sizeof(*select));
	int r;

	if (!select)
		return no_memory(err);
	select->options = options;
	r = check_comms(&options->comms, err);
	if (!r)
		r = rs_choice_pids(&options->pids, &select->pids, &select->n_pids, err);
	if (!r)
		r = rs_choice_uids(&options->uids, options->host_root, &select->uids, err);
	if (!r)
		r = take_cgroups(select, err);
	if (!r && options->command)
		r = start_command(select, err);
	if (r)
		return r;
	publish(select, follow);
	*ret_select = TAKE_PTR(select);
	return 0;
}

void rs_select_free(struct rs_select **select)
{
	struct rs_select *s = TAKE_PTR(*select);

	if (!s)
		return;
	rs_command_free(&s->command);
	rs_snapshot_free(&s->snapshot);
	free(s->pids);
	free(s->uids);
	rs_vec_done(&s->cgroups);
	free(s);
}

const struct rs_target *rs_select_target(const struct rs_select *select)
{
	return &select->target;
}

struct rs_command *rs_select_command(struct rs_select *select)
{
	return select->command;
}

bool rs_select_everybody(const struct rs_select *select)
{
	const struct rs_target *t = &select->target;

	return !t->n_pids && !t->n_comms && !t->n_uids && !t->by_cgroup;
}

void rs_select_number_groups(struct rs_select *select)
{
	struct rs_snapshot *snapshot = snapshot_of(select, NULL);

	if (snapshot)
		select->target.cgroup_v1 = rs_snapshot_tree(snapshot)->v1;
}

void rs_select_refresh(struct rs_select *select, void *tool)
{
	size_t before = select->cgroups.len, found;

	if (!by_container(select->options) || !select->snapshot)
		return;
	rs_snapshot_refresh(select->snapshot);
	add_containers(select, select->snapshot, &found, NULL);
	for (size_t i = before; i < select->cgroups.len; i++)
		rs_target_add_cgroup(tool, select->cgroups.items[i]);
	publish(select, select->target.follow);
}

const struct rs_event_cgroup *rs_select_group(struct rs_select *select, uint64_t cgroup)
{
	struct rs_snapshot *snapshot = snapshot_of(select, NULL);

	return snapshot ? rs_snapshot_find(snapshot, cgroup) : NULL;
}

void rs_select_name_group(struct rs_select *select, uint64_t cgroup, struct rs_str *out)
{
	const struct rs_event_cgroup *group = rs_select_group(select, cgroup);
	const struct rs_event_container *c = group ? group->container : NULL;

	if (c && c->pod_name)
		rs_str_appendf(out, "%s%s%s (%s)", c->namespace ? c->namespace : "",
			       c->namespace ? "/" : "", c->pod_name, c->name ? c->name : c->id);
	else if (c)
		rs_str_appendf(out, "%.64s", c->name ? c->name : c->id);
	else if (group)
		rs_str_append_cstr(out, group->unit ? group->unit : group->path);
	else
		rs_str_appendf(out, "cgroup %llu", (unsigned long long)cgroup);
}

static void describe_list(const char *what, const struct rs_opt_list *list, struct rs_str *out)
{
	if (!list->len)
		return;
	rs_str_appendf(out, "%s%s", out->len ? ", " : "", what);
	for (size_t i = 0; i < list->len; i++)
		rs_str_appendf(out, "%s %s", i ? "," : "", list->items[i]);
}

void rs_select_describe(const struct rs_select *select, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);
	const struct rs_select_options *o = select->options;

	if (o->command)
		rs_str_append_cstr(&text, o->command);
	describe_list("pid", &o->pids, &text);
	describe_list("threads called", &o->comms, &text);
	describe_list("user", &o->uids, &text);
	describe_list("container", &o->containers, &text);
	describe_list("pod", &o->pods, &text);
	describe_list("namespace", &o->namespaces, &text);
	describe_list("control group", &o->cgroups, &text);
	rs_str_append_cstr(out, text.len ? rs_str_cstr(&text) : "all processes");
}
