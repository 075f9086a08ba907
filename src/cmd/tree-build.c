/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of events and of /proc in one table, then linked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/hashmap.h"
#include "base/units.h"
#include "base/vec.h"
#include "cmd/tree.h"
#include "enrich/users.h"

#define BOOTS_MAX   64
#define ARENA_BYTES ((size_t)512 << 20)
#define COMMAND_MAX 512 /* bytes kept of a command line */
#define STAT_FIELDS 22  /* of /proc/PID/stat, up to the start time */

typedef RS_VEC(struct rs_tree_node *) node_vec;

struct rs_tree {
	struct rs_arena arena;
	struct rs_hashmap *map;   /* by pid, tick of start and boot */
	struct rs_hashmap *texts; /* strings kept once */
	node_vec nodes;
	char boots[BOOTS_MAX][sizeof(((struct rs_event_host *)0)->boot_id)];
	uint32_t n_boots;
	uint64_t tick_ns;
	uint64_t left_out;
	bool only_of_events;
	struct rs_tree_node *first;
};

/* --- life --- */

static void read_boot_id(struct rs_tree *tree)
{
	if (rs_fd_read_buf_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", tree->boots[0],
			      sizeof(tree->boots[0])) <= 0)
		tree->boots[0][0] = '\0';
	tree->boots[0][strcspn(tree->boots[0], "\n")] = '\0';
	tree->n_boots = 1;
}

int rs_tree_new(struct rs_tree **ret_tree)
{
	_cleanup_(rs_tree_free) struct rs_tree *tree = calloc(1, sizeof(*tree));
	struct rs_hashmap_opts options = { .max = RS_TREE_MAX };
	struct rs_hashmap_opts texts = { .max = RS_TREE_MAX };

	if (!tree)
		return -ENOMEM;
	rs_arena_init(&tree->arena, ARENA_BYTES);
	if (rs_hashmap_new_u64(&options, &tree->map) < 0 ||
	    rs_hashmap_new_str(&texts, &tree->texts) < 0)
		return -ENOMEM;
	tree->tick_ns = RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	read_boot_id(tree);
	*ret_tree = TAKE_PTR(tree);
	return 0;
}

void rs_tree_free(struct rs_tree **tree)
{
	if (!*tree)
		return;
	rs_hashmap_free(&(*tree)->map);
	rs_hashmap_free(&(*tree)->texts);
	rs_vec_done(&(*tree)->nodes);
	rs_arena_done(&(*tree)->arena);
	free(*tree);
	*tree = NULL;
}

/* --- nodes --- */

/* A copy that is shared with whoever has the same text; NULL: no memory. */
static const char *keep(struct rs_tree *tree, const char *text, size_t len)
{
	const char *copy = rs_hashmap_find_str(tree->texts, text, len);

	if (copy)
		return copy;
	copy = rs_arena_strndup(&tree->arena, text, len);
	if (copy) /* a full map only means that it is not shared */
		rs_hashmap_put_str(tree->texts, text, len, (void *)copy);
	return copy;
}

static uint32_t boot_of(struct rs_tree *tree, const struct rs_event_host *host)
{
	for (uint32_t i = 0; i < tree->n_boots; i++) {
		if (strcmp(tree->boots[i], host->boot_id) == 0)
			return i;
	}
	if (tree->n_boots == BOOTS_MAX)
		return BOOTS_MAX -
		       1; /* so many boots in one question: the last ones share a number */
	snprintf(tree->boots[tree->n_boots], sizeof(tree->boots[0]), "%s", host->boot_id);
	return tree->n_boots++;
}

/* /proc tells the start in ticks only: a pid is not used twice within one. */
static uint64_t key_of(const struct rs_tree *tree, uint32_t pid, uint64_t start, uint32_t boot)
{
	return start / tree->tick_ns ^ (uint64_t)pid << 40 ^ (uint64_t)boot << 34;
}

static struct rs_tree_node *find(const struct rs_tree *tree, uint32_t pid, uint64_t start,
				 uint32_t boot)
{
	return rs_hashmap_find_u64(tree->map, key_of(tree, pid, start, boot));
}

/* Finds or makes; NULL: no room, or no memory (*ret_error). */
static struct rs_tree_node *get(struct rs_tree *tree, uint32_t pid, uint64_t start, uint32_t boot,
				int *ret_error)
{
	struct rs_tree_node *node = find(tree, pid, start, boot);

	if (node)
		return node;
	if (rs_hashmap_len(tree->map) >= RS_TREE_MAX) {
		tree->left_out++;
		return NULL;
	}
	node = rs_arena_new(&tree->arena, struct rs_tree_node);
	if (!node || rs_hashmap_put_u64(tree->map, key_of(tree, pid, start, boot), node) < 0 ||
	    rs_vec_push(&tree->nodes, node) < 0) {
		*ret_error = -ENOMEM;
		return NULL;
	}
	node->pid = pid;
	node->start = start;
	node->boot = boot;
	node->name = "?";
	return node;
}

static void set_name(struct rs_tree *tree, struct rs_tree_node *node, const char *name, size_t max)
{
	const char *kept = keep(tree, name, strnlen(name, max));

	if (kept && *kept)
		node->name = kept;
}

/* --- events --- */

/* Arguments with NULs between them, as one line. */
static void set_arguments(struct rs_tree *tree, struct rs_tree_node *node, const char *args,
			  size_t len)
{
	char line[COMMAND_MAX];
	size_t n = MIN(len, sizeof(line));

	while (n && args[n - 1] == '\0')
		n--;
	for (size_t i = 0; i < n; i++)
		line[i] = (char)(args[i] ? args[i] : ' ');
	if (n)
		node->command = keep(tree, line, n);
}

static const char *container_of(const struct rs_event *event)
{
	const struct rs_event_cgroup *cgroup = event->cgroup;

	if (!cgroup)
		return NULL;
	if (!cgroup->container)
		return cgroup->unit;
	if (cgroup->container->pod_name)
		return cgroup->container->pod_name;
	return cgroup->container->name ? cgroup->container->name : cgroup->container->id;
}

static void count(struct rs_tree_node *node, const struct rs_event *event)
{
	switch (rs_kind_sensor(event->hdr->kind)) {
	case RS_SENSOR_FILE:
		node->files++;
		break;
	case RS_SENSOR_NET:
		node->connections += event->hdr->kind == RS_KIND_CONNECT ||
				     event->hdr->kind == RS_KIND_ACCEPT ||
				     event->hdr->kind == RS_KIND_UDP;
		break;
	default:
		break;
	}
	node->execs += event->hdr->kind == RS_KIND_EXEC;
	node->failures += event->hdr->ret < 0;
}

static void describe(struct rs_tree *tree, struct rs_tree_node *node, const struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	const char *container = container_of(event);

	node->start = hdr->start; /* to the nanosecond */
	node->ppid = hdr->ppid;
	node->pstart = hdr->pstart;
	node->uid = hdr->uid;
	node->kernel = hdr->flags & RS_HDR_KTHREAD;
	set_name(tree, node, hdr->comm, sizeof(hdr->comm));
	if (event->user)
		node->user = keep(tree, event->user, strlen(event->user));
	if (container)
		node->container = keep(tree, container, strlen(container));
	if (hdr->kind == RS_KIND_EXEC && event->field[RS_TAG_ARGS].data)
		set_arguments(tree, node, event->field[RS_TAG_ARGS].data,
			      event->field[RS_TAG_ARGS].len);
	else if (event->command_line)
		set_arguments(tree, node, event->command_line, strlen(event->command_line));
}

static int add_ancestors(struct rs_tree *tree, const struct rs_event *event, uint32_t boot)
{
	int error = 0;

	for (size_t i = 0; i < event->n_ancestors && !error; i++) {
		const struct rs_event_ancestor *a = &event->ancestors[i];
		struct rs_tree_node *node = get(tree, a->pid, a->start, boot, &error);

		if (!node)
			break;
		if (*node->name == '?' && a->name)
			set_name(tree, node, a->name, sizeof(event->hdr->comm));
		if (!node->ppid && i + 1 < event->n_ancestors) {
			node->ppid = a[1].pid;
			node->pstart = a[1].start;
		}
	}
	return error;
}

int rs_tree_add_event(struct rs_tree *tree, const struct rs_event *event,
		      const struct rs_event_host *host)
{
	const struct rs_hdr *hdr = event->hdr;
	uint32_t boot = boot_of(tree, host);
	struct rs_tree_node *node;
	int error = 0;

	node = get(tree, hdr->pid, hdr->start, boot, &error);
	if (!node)
		return error;
	node->told = true;
	describe(tree, node, event);
	count(node, event);
	if (hdr->kind == RS_KIND_EXIT) {
		node->ended = true;
		node->life = event->exit->wall;
		node->code = event->exit->code;
		node->cpu = event->exit->runtime;
	}
	return add_ancestors(tree, event, boot);
}

/* --- /proc --- */

/* "PID (name) S PPID ... utime stime ... start": the name may hold anything, but ends with the last
 * parenthesis. */
struct stat_line {
	char name[16];
	uint64_t field[STAT_FIELDS + 1]; /* from the 4th on */
};

static bool parse_stat(const char *text, struct stat_line *ret_line)
{
	const char *name = strchr(text, '('), *end = strrchr(text, ')'), *at;

	if (!name || !end || end < name || end[1] != ' ')
		return false;
	snprintf(ret_line->name, sizeof(ret_line->name), "%.*s", (int)(end - name - 1), name + 1);
	at = end + 2;
	for (unsigned i = 4; i <= STAT_FIELDS; i++) {
		at = strchr(at, ' ');
		if (!at)
			return false;
		ret_line->field[i] = strtoull(++at, NULL, 10);
	}
	return true;
}

static uint32_t owner_of(int proc, const char *pid)
{
	struct stat st;

	return fstatat(proc, pid, &st, 0) < 0 ? UINT32_MAX : st.st_uid;
}

static int add_process(struct rs_tree *tree, int proc, const char *pid, struct rs_users *users)
{
	char path[64], text[1024], args[COMMAND_MAX];
	struct rs_tree_node *node;
	struct stat_line line;
	const char *user;
	ssize_t n;
	int error = 0;

	snprintf(path, sizeof(path), "%s/stat", pid);
	if (rs_fd_read_buf_at(proc, path, text, sizeof(text)) <= 0 || !parse_stat(text, &line))
		return 0;
	node = get(tree, (uint32_t)strtoul(pid, NULL, 10), line.field[22] * tree->tick_ns, 0,
		   &error);
	if (!node)
		return error;
	node->alive = true;
	node->ppid = (uint32_t)line.field[4];
	node->pstart = 0; /* whoever has that number now */
	node->cpu = (line.field[14] + line.field[15]) * tree->tick_ns;
	node->kernel = line.field[9] & 0x200000; /* PF_KTHREAD, include/linux/sched.h */
	node->uid = owner_of(proc, pid);
	set_name(tree, node, line.name, sizeof(line.name));
	snprintf(path, sizeof(path), "%s/cmdline", pid);
	n = rs_fd_read_buf_at(proc, path, args, sizeof(args));
	if (n > 0)
		set_arguments(tree, node, args, (size_t)n);
	user = users ? rs_users_name(users, node->uid) : NULL;
	if (user && !node->container)
		node->user = keep(tree, user, strlen(user));
	return 0;
}

int rs_tree_add_proc(struct rs_tree *tree, const char *proc, struct rs_users *users,
		     struct rs_error *err)
{
	int fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		r = -errno;
		rs_cleanup_close(&fd);
		return rs_error_set_errno(err, r, "opening \"%s\"", proc);
	}
	while (!r && (entry = readdir(dir))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			r = add_process(tree, fd, entry->d_name, users);
	}
	closedir(dir);
	return r < 0 ? rs_error_set_errno(err, r, "reading \"%s\"", proc) : 0;
}

/* --- linking --- */

static int by_start(const void *a, const void *b)
{
	const struct rs_tree_node *x = *(const struct rs_tree_node *const *)a;
	const struct rs_tree_node *y = *(const struct rs_tree_node *const *)b;

	if (x->boot != y->boot)
		return x->boot > y->boot ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static struct rs_tree_node *find_parent(const struct rs_tree *tree, const struct rs_tree_node *node,
					struct rs_hashmap *alive)
{
	if (!node->ppid)
		return NULL;
	if (node->pstart)
		return find(tree, node->ppid, node->pstart, node->boot);
	return node->boot ? NULL : rs_hashmap_find_u64(alive, node->ppid);
}

/* Records may lie, but nobody is above itself: parents start before their children, and those that
 * start within one tick are few enough to look at. */
static bool may_be_parent(const struct rs_tree *tree, const struct rs_tree_node *parent,
			  const struct rs_tree_node *node)
{
	uint64_t tick = node->start / tree->tick_ns;

	for (; parent && parent->start / tree->tick_ns == tick; parent = parent->parent) {
		if (parent == node)
			return false;
	}
	return !parent || parent->start / tree->tick_ns < tick;
}

static void append_child(struct rs_tree_node **first, struct rs_tree_node **last,
			 struct rs_tree_node *node)
{
	*(*last ? &(*last)->next : first) = node;
	*last = node;
}

static bool is_alone(const struct rs_tree_node *node)
{
	return !node->ended || node->alive || node->child;
}

/* A build starts thousands of compilers: those that ended and left no children are summed up. */
static int sum_alike(struct rs_tree *tree, struct rs_hashmap *firsts)
{
	for (size_t i = 0; i < tree->nodes.len; i++) {
		struct rs_tree_node *node = tree->nodes.items[i], *first;
		uintptr_t key[] = { (uintptr_t)node->parent, (uintptr_t)node->name, node->uid,
				    (uintptr_t)node->container };

		if (is_alone(node))
			continue;
		first = rs_hashmap_find_str(firsts, (const char *)key, sizeof(key));
		if (!first) {
			first = node;
			if (rs_hashmap_put_str(firsts, (const char *)key, sizeof(key), node) < 0)
				return -ENOMEM;
		}
		node->alike = first;
		first->n_alike++;
		first->alike_cpu += node->cpu;
		first->alike_files += node->files;
		first->alike_connections += node->connections;
		first->alike_longest = MAX(first->alike_longest, node->life);
	}
	return 0;
}

static void mark_above(struct rs_tree_node *node)
{
	for (node = node->parent; node && !node->wanted; node = node->parent)
		node->wanted = true;
}

/* Those of a number and all below. Parents stand before their children, but for a few that started
 * within one tick of each other. */
static void mark_family(struct rs_tree *tree, uint32_t pid, bool kernel)
{
	for (size_t i = 0; i < tree->nodes.len; i++) {
		struct rs_tree_node *node = tree->nodes.items[i];

		if (!pid)
			node->wanted = kernel || !node->kernel;
		else
			node->wanted = node->pid == pid || (node->parent && node->parent->wanted);
	}
}

static void mark_wanted(struct rs_tree *tree, uint32_t pid, bool kernel)
{
	mark_family(tree, pid, kernel);
	for (size_t i = 0; tree->only_of_events && i < tree->nodes.len; i++)
		tree->nodes.items[i]->wanted &= tree->nodes.items[i]->told;
	for (size_t i = 0; (pid || tree->only_of_events) && i < tree->nodes.len; i++) {
		if (tree->nodes.items[i]->wanted)
			mark_above(tree->nodes.items[i]);
	}
}

static int link_all(struct rs_tree *tree, struct rs_hashmap *alive)
{
	struct rs_tree_node *last = NULL;

	for (size_t i = 0; i < tree->nodes.len; i++) {
		struct rs_tree_node *node = tree->nodes.items[i];

		if (node->alive && rs_hashmap_put_u64(alive, node->pid, node) < 0)
			return -ENOMEM;
	}
	if (tree->nodes.len)
		qsort(tree->nodes.items, tree->nodes.len, sizeof(struct rs_tree_node *), by_start);
	for (size_t i = 0; i < tree->nodes.len; i++) {
		struct rs_tree_node *node = tree->nodes.items[i];
		struct rs_tree_node *parent = find_parent(tree, node, alive);

		if (parent && may_be_parent(tree, parent, node)) {
			node->parent = parent;
			append_child(&parent->child, &parent->last_child, node);
		} else {
			append_child(&tree->first, &last, node);
		}
	}
	return 0;
}

void rs_tree_only_of_events(struct rs_tree *tree)
{
	tree->only_of_events = true;
}

int rs_tree_link(struct rs_tree *tree, uint32_t pid, bool kernel)
{
	struct rs_hashmap_opts options = { .max = RS_TREE_MAX };
	_cleanup_(rs_hashmap_free) struct rs_hashmap *alive = NULL, *firsts = NULL;
	int r;

	if (rs_hashmap_new_u64(&options, &alive) < 0 || rs_hashmap_new_str(&options, &firsts) < 0)
		return -ENOMEM;
	r = link_all(tree, alive);
	if (!r)
		mark_wanted(tree, pid, kernel);
	return r ? r : sum_alike(tree, firsts);
}

const struct rs_tree_node *rs_tree_first(const struct rs_tree *tree)
{
	return tree->first;
}

size_t rs_tree_len(const struct rs_tree *tree)
{
	return tree->nodes.len;
}

bool rs_tree_has(const struct rs_tree *tree, uint32_t pid)
{
	for (size_t i = 0; i < tree->nodes.len; i++) {
		if (tree->nodes.items[i]->pid == pid)
			return true;
	}
	return false;
}

uint64_t rs_tree_left_out(const struct rs_tree *tree)
{
	return tree->left_out;
}

const char *rs_tree_boot_id(const struct rs_tree *tree, uint32_t boot)
{
	return boot < tree->n_boots ? tree->boots[boot] : "";
}
