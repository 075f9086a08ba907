/* SPDX-License-Identifier: Apache-2.0 */
/* Filters by container and pod, `ringside containers`, control groups without containers, and who is whose
 * child when parents go and numbers come again. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/cgroup.h"
#include "tests/kernel/lib/ask.h"
#include "tests/kernel/lib/box.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"
#include "tests/kernel/lib/sys.h"

#define ID(c) c "1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"

#define UID_WEB "0a9a6e2c-0b1f-4a8e-9d52-7d1c2f3e4a5b"
#define UID_DB  "1b9a6e2c-0b1f-4a8e-9d52-7d1c2f3e4a5b"

#define WEB_NOTES                                                                                  \
	"\"io.kubernetes.cri.container-type\":\"container\","                                      \
	"\"io.kubernetes.cri.container-name\":\"web\","                                            \
	"\"io.kubernetes.cri.image-name\":\"registry.example/shop/web:1.4\","                      \
	"\"io.kubernetes.cri.sandbox-name\":\"checkout-7d9f\","                                    \
	"\"io.kubernetes.cri.sandbox-namespace\":\"shop\","                                        \
	"\"io.kubernetes.cri.sandbox-uid\":\"" UID_WEB "\""

#define DB_NOTES                                                                                   \
	"\"io.kubernetes.container.name\":\"db\","                                                 \
	"\"io.kubernetes.pod.name\":\"orders-0\","                                                 \
	"\"io.kubernetes.pod.namespace\":\"store\","                                               \
	"\"io.kubernetes.pod.uid\":\"" UID_DB "\","                                                \
	"\"io.kubernetes.cri-o.ContainerType\":\"container\","                                     \
	"\"io.kubernetes.cri-o.ImageName\":\"registry.example/db:9\""

static const struct bundle bundle_web = { ID("a"), "/kubepods/burstable/pod" UID_WEB "/" ID("a"),
					  WEB_NOTES, NULL, false };
static const struct bundle bundle_db = { ID("b"),
					 "/kubepods/besteffort/pod" UID_DB "/crio-" ID("b"),
					 DB_NOTES, NULL, false };

static struct box web, db;

/* --- filters --- */

/* The event of a directory that a container made below its /tmp. */
static const json_t *find_made(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->n_events; i++) {
		const char *path = event_str(agent->events[i], "file.path");
		const char *slash = strrchr(path, '/');

		if (slash && !strcmp(slash + 1, name))
			return agent->events[i];
	}
	return NULL;
}

static const json_t *wait_made(struct agent *agent, const char *name)
{
	struct agent_wait wait;

	agent_wait_begin(&wait, agent);
	while (!find_made(agent, name) && agent_wait_on(&wait, agent))
		agent_pump(agent, 100);
	return find_made(agent, name);
}

/* Both act, the other one first; only the one is seen. */
static bool only(struct agent *agent, struct box *one, struct box *other)
{
	static unsigned number;
	char first[32], second[32], third[32];
	bool came;

	snprintf(first, sizeof(first), "d%u", number++);
	snprintf(second, sizeof(second), "d%u", number++);
	snprintf(third, sizeof(third), "d%u", number++);
	mkdir(at(third), 0700); /* by nobody's container */
	came = box_mkdir(other, first) && box_mkdir(one, second) && wait_made(agent, second);
	if (!came)
		tap_diag("the container's event does not come");
	if (find_made(agent, first) || find_made(agent, third))
		tap_diag("another's event came");
	return came && !find_made(agent, first) && !find_made(agent, third);
}

/* Has the container make a directory, until its event is so: one that could not wait longer for a name is counted. */
static bool makes(struct agent *agent, struct box *box, const char *name, const struct want *want)
{
	for (unsigned try = 0; try < 4; try++) {
		const json_t *event;
		char path[32];

		snprintf(path, sizeof(path), "%s-%u", name, try);
		event = box_mkdir(box, path) ? wait_made(agent, path) : NULL;
		if (event && event_fits(box->scene, event, want))
			return true;
		if (ask_stat("containers.events_unnamed") < 1)
			break;
	}
	return false;
}

static void check_names(struct agent *agent)
{
	static const struct want want = {
		"mkdir",
		{ IS("container.id", ID("a")), IS("container.name", "web"),
		  IS("container.image.name", "registry.example/shop/web"),
		  IS("kubernetes.pod.name", "checkout-7d9f"), IS("kubernetes.pod.uid", UID_WEB),
		  IS("kubernetes.namespace", "shop"), IS("user.name", "inside"),
		  IS("user.group.name", "innergroup") },
		WANT_ONE
	};

	tap_ok(makes(agent, &web, "names", &want),
	       "a container that was there before the agent: its names, and those of its users");
}

static void test_start(void)
{
	static const struct {
		const char *option, *value;
		struct box *one, *other;
	} rows[] = {
		{ "--pod", "nothing,checkout-*", &web, &db },
		{ "--container", "db", &db, &web },
		{ "--container", "a1b2c3d4", &web, &db },
		{ "--namespace", "st?re", &db, &web },
		{ "--where", "image endswith \"shop/web\" and user.name == inside", &web, &db },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct agent agent;

		agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--store", "none",
						      rows[i].option, rows[i].value, NULL });
		if (!i)
			check_names(&agent);
		tap_ok(only(&agent, rows[i].one, rows[i].other), "%s %s", rows[i].option,
		       rows[i].value);
		agent_stop(&agent, SIGINT);
		agent_done(&agent);
	}
}

/* `ringside filter` of the running agent; its exit code, and what it said. */
static int filter(const char *option, const char *value, char *said, size_t size)
{
	struct outcome outcome;
	int code;

	agent_run(&outcome,
		  (const char *[]){ "filter", "--root", agent_root(), option, value, NULL }, NULL,
		  NULL);
	code = outcome.code;
	snprintf(said, size, "%s%s", outcome.err, outcome.out);
	outcome_done(&outcome);
	return code;
}

static void write_config(const char *path, const char *lines)
{
	FILE *file = fopen(path, "we");

	if (!file)
		tap_bail("writing %s: %m", path);
	fprintf(file, "watch:\n  kinds: [mkdir]\n%s", lines);
	fclose(file);
}

static bool reload(struct agent *agent, const char *outcome)
{
	rs_str_reset(&agent->err_text);
	kill(agent->pid, SIGHUP);
	if (agent_wait_err(agent, outcome))
		return true;
	tap_diag("it does not say \"%s\" but: %s", outcome, rs_str_cstr(&agent->err_text));
	return false;
}

static void check_filter(struct agent *agent)
{
	char said[4096];

	tap_ok(filter("--pod", "orders-*", said, sizeof(said)) == 0 && only(agent, &db, &web),
	       "filter --pod: in force");
	tap_ok(strstr(said, "orders-*"), "and shown");
	tap_ok(filter("--clear", NULL, said, sizeof(said)) == 0 &&
		       filter("--where", "namespace == shop", said, sizeof(said)) == 0 &&
		       only(agent, &web, &db),
	       "filter --where: in force");
	if (!tap_ok(filter("--where", "namespace = = shop", said, sizeof(said)) > 0 &&
			    strstr(said, "character"),
		    "filter --where with a mistake: told"))
		tap_diag("%s", said);
	tap_ok(only(agent, &web, &db), "and the filter stays");
}

static void check_reload(struct agent *agent, const char *config)
{
	write_config(config, "  pod: [orders-0]\n");
	tap_ok(reload(agent, "is in force") && only(agent, &db, &web), "SIGHUP: a pod");
	write_config(config, "  where: [\"container.name == web\", \"user == inside\"]\n");
	tap_ok(reload(agent, "is in force") && only(agent, &web, &db), "SIGHUP: conditions");
	write_config(config, "  where: [\"container.nam == db\"]\n");
	tap_ok(reload(agent, "keeping the old") &&
		       strstr(rs_str_cstr(&agent->err_text), "container.nam"),
	       "SIGHUP with a mistake: told");
	tap_ok(only(agent, &web, &db), "and the filter stays");
}

static void test_running(void)
{
	struct agent agent;
	char config[256];

	snprintf(config, sizeof(config), "%s", at("who.yaml"));
	write_config(config, "");
	agent_start(&agent, (const char *[]){ "--config", config, "-v", NULL });
	check_filter(&agent);
	check_reload(&agent, config);
	tap_ok(agent_stop(&agent, SIGTERM) == 0, "the agent ends with code 0");
	agent_done(&agent);
}

/* Those of `run` are told before anything is started. */
static void test_mistakes(void)
{
	static const struct {
		const char *where, *place;
	} rows[] = {
		{ "procss.name == x", "character 1" },
		{ "kind == exec and pid == here", "character 25" },
		{ "kind == exec and (pid == 1", "character" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct outcome outcome;

		agent_run(&outcome,
			  (const char *[]){ "run", "--root", agent_root(), "--where", rows[i].where,
					    "-c", "true", NULL },
			  NULL, NULL);
		if (!tap_ok(outcome.code == 2 && strstr(outcome.err, rows[i].place) &&
				    strstr(outcome.err, "--where"),
			    "run --where '%s': code 2, and where", rows[i].where))
			tap_diag("%d: %s", outcome.code, outcome.err);
		outcome_done(&outcome);
	}
}

/* --- containers --- */

/* Asks for containers; the row of that id, from an answer that stays. */
static const json_t *ask_row(struct agent *answer, const char *id, const char *more)
{
	ask(answer, (const char *[]){ "containers", "-o", "json", more, NULL });
	for (size_t i = 0; i < answer->n_events; i++)
		if (!strcmp(event_str(answer->events[i], "container.id"), id))
			return answer->events[i];
	return NULL;
}

static bool is_web(const json_t *row)
{
	static const struct expect expects[] = {
		IS("container.name", "web"),
		IS("kubernetes.pod.name", "checkout-7d9f"),
		IS("kubernetes.namespace", "shop"),
		IS("container.image.name", "registry.example/shop/web:1.4"),
		IS("ringside.running", "true"),
	};
	struct want want = { .kind = "" };
	char path[64], line[64] = "";
	FILE *file;

	if (!row)
		return false;
	memcpy(want.expects, expects, sizeof(expects));
	/* Its first process is a shell of ours. */
	snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)event_int(row, "process.pid"));
	file = fopen(path, "re");
	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	if (strcmp(line, "sh\n") != 0)
		tap_diag("its process %s is \"%s\"", path, line);
	return !strcmp(line, "sh\n") && event_fits(web.scene, row, &want);
}

/* The third is there for this only: it ends. */
static void check_gone(struct agent *agent)
{
	static const struct bundle bundle = { "rs-who-ends", "/rs-who-ends", "", NULL, false };
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	struct agent answer;
	const json_t *row;
	struct box box;
	bool gone = false;

	if (!box_start(&box, &bundle, "a container that ends"))
		return;
	row = ask_row(&answer, "rs-who-ends", NULL);
	tap_ok(row, "containers: one that nobody but runc knows");
	agent_done(&answer);
	box_end(&box);
	while (!gone && now_ms() < end) {
		agent_pump(agent, 20);
		row = ask_row(&answer, "rs-who-ends", "--all");
		gone = row && json_is_false(event_get(row, "ringside.running")) &&
		       event_int(row, "ringside.gone_ns") >= 0;
		agent_done(&answer);
	}
	tap_ok(gone, "containers --all: it is gone");
	tap_ok(!ask_row(&answer, "rs-who-ends", NULL), "containers: it is not there");
	agent_done(&answer);
}

static void test_containers(void)
{
	struct agent agent, answer;
	const json_t *row;

	row = ask_row(&answer, ID("a"), NULL);
	if (!tap_ok(is_web(row), "containers without an agent"))
		tap_diag("%s", rs_str_cstr(&answer.err_text));
	agent_done(&answer);
	agent_start(&agent, (const char *[]){ "--kinds", "exec,mkdir", "--store", "none", NULL });
	box_mkdir(&web, "rate");
	wait_made(&agent, "rate");
	row = ask_row(&answer, ID("a"), NULL);
	tap_ok(is_web(row), "containers with an agent");
	tap_ok(row && event_int(row, "ringside.events") >= 2 &&
		       json_is_number(event_get(row, "ringside.rate")),
	       "its events are counted");
	tap_ok(row && !find_event(&answer, NULL, "container.id", ""), "each has its id");
	agent_done(&answer);
	check_gone(&agent);
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
}

/* --- a user namespace --- */

static void test_users(void)
{
	static const struct bundle bundle = { "rs-who-users", "/rs-who-users", "", NULL, true };
	static const struct want want = { "mkdir",
					  { IS("container.id", "rs-who-users"),
					    IS("user.id", "100000"), IS("user.name", "inside") },
					  WANT_ONE };
	const char *what = "a container with a user namespace";
	struct agent agent;
	struct box box;

	if (access("/proc/self/ns/user", F_OK)) {
		tap_skip(what, "this kernel has no user namespaces");
		return;
	}
	if (!box_start(&box, &bundle, what))
		return;
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--store", "none", NULL });
	tap_ok(makes(&agent, &box, "mapped", &want), "%s: numbers as outside, names as inside",
	       what);
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
	box_end(&box);
}

/* --- without containers --- */

/* Makes a group below the hierarchy that is looked at. */
static void make_group(struct scene *scene, const char *name, char *dir, size_t size)
{
	struct rs_cgroup_tree tree;
	struct rs_error err = RS_ERROR_INIT;

	if (rs_cgroup_choose("/proc", &tree, &err) < 0)
		scene_skip(scene, "%s", err.msg);
	snprintf(dir, size, "%s/%s", tree.mount, name);
	if (mkdir(dir, 0755) && errno != EEXIST)
		scene_skip(scene, "mkdir %s: %m", dir);
}

static void act_unit(struct scene *scene)
{
	char slice[600], service[600];
	pid_t pid;
	int fds[2];

	make_group(scene, "rs-test.slice", slice, sizeof(slice));
	make_group(scene, "rs-test.slice/rs-web.service", service, sizeof(service));
	must(pipe(fds));
	pid = must(fork());
	if (!pid) {
		char byte;

		must(read(fds[0], &byte, 1));
		must(mkdir(in_dir(scene, "served"), 0700));
		_exit(0);
	}
	if (!cgroup_move(service, pid))
		scene_fail(scene, "moving to %s: %m", service);
	must(write(fds[1], "", 1));
	wait_for(scene, pid);
	cgroup_remove(service);
	cgroup_remove(slice);
}

/* --- parents that are gone --- */

/* Each tells its own number and name before it forks: facts are told by one at a time. A name that
 * somebody gave himself is known by his next event. */
static void appear(struct scene *scene, const char *name)
{
	char comm[16];

	fact(scene, name, "%d", getpid());
	snprintf(comm, sizeof(comm), "rs-%s", name);
	prctl(PR_SET_NAME, comm);
	must(mkdir(in_dir(scene, name), 0700));
}

static void run_child(struct scene *scene, scene_act *act)
{
	pid_t pid = must(fork());

	if (!pid) {
		act(scene);
		_exit(0);
	}
	wait_for(scene, pid);
}

/* Of pipes, each end of which is gone with whoever held it. */
static int maker_lives[2], orphan_lives[2];

static void wait_gone(const int fds[2])
{
	char byte;

	close(fds[1]);
	while (read(fds[0], &byte, 1) > 0)
		;
}

static void be_maker(struct scene *scene)
{
	pid_t pid;

	appear(scene, "maker");
	pid = must(fork());
	if (pid)
		_exit(0);
	wait_gone(maker_lives);
	appear(scene, "orphan");
	fact(scene, "heir", "%d", getppid());
	must(mkdir(in_dir(scene, "orphaned"), 0700));
	_exit(0);
}

static void act_orphan(struct scene *scene)
{
	must(pipe(maker_lives));
	must(pipe(orphan_lives));
	run_child(scene, be_maker);
	close(maker_lives[1]);
	wait_gone(orphan_lives);
}

static void be_third(struct scene *scene)
{
	appear(scene, "third");
	must(mkdir(in_dir(scene, "chained"), 0700));
}

static void be_second(struct scene *scene)
{
	appear(scene, "second");
	run_child(scene, be_third);
}

static void be_first(struct scene *scene)
{
	appear(scene, "first");
	run_child(scene, be_second);
}

static void act_chain(struct scene *scene)
{
	run_child(scene, be_first);
}

/* --- numbers that come again --- */

static pid_t fork_as(pid_t wanted)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&wanted,
		.set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void run_as(struct scene *scene, pid_t pid, const char *path, const char *dir)
{
	pid_t child = fork_as(pid);

	if (child < 0)
		scene_skip(scene, "clone3 with a number of our choice: %m");
	if (!child) {
		mkdir(dir, 0700);
		execl(path, path, NULL);
		_exit(127);
	}
	if (wait_for(scene, child))
		scene_fail(scene, "%s failed", path);
}

static void act_reuse(struct scene *scene)
{
	pid_t pid = must(fork());

	if (!pid)
		_exit(0);
	wait_for(scene, pid);
	fact(scene, "reused", "%d", pid);        /* free for a while: numbers are given in turn */
	must(mkdir(in_dir(scene, "one"), 0755)); /* busybox goes by the last part of the name */
	must(mkdir(in_dir(scene, "two"), 0755));
	copy_true(scene, in_dir(scene, "one/true"));
	copy_true(scene, in_dir(scene, "two/true"));
	run_as(scene, pid, in_dir(scene, "one/true"), in_dir(scene, "dir-one"));
	run_as(scene, pid, in_dir(scene, "two/true"), in_dir(scene, "dir-two"));
}

#define REUSED IS("process.pid", "{reused}")

/* clang-format off */
static const struct check checks[] = {
	{ "a service of systemd's", act_unit, {
		{ "mkdir", { IS("file.path", "{dir}/served"), IS("systemd.unit", "rs-web.service"),
			     IS("ringside.cgroup.path", "/rs-test.slice/rs-web.service"),
			     NONE("container.id") }, WANT_ONE } } },
	{ "a parent that is gone", act_orphan, {
		{ "fork", { IS("process.pid", "{orphan}"), IS("process.parent.pid", "{maker}"),
			    IS("process.parent.name", "rs-maker"),
			    IS("ringside.ancestors.pid.0", "{maker}"),
			    IS("ringside.ancestors.pid.1", "{pid}"),
			    IS("ringside.ancestors.name.0", "rs-maker"),
			    HAS("ringside.ancestors.name", "test-who") }, WANT_ONE },
		{ "mkdir", { IS("file.path", "{dir}/orphaned"), IS("process.name", "rs-orphan"),
			     IS("process.parent.pid", "{heir}"),
			     IS("ringside.ancestors.pid.0", "{heir}") }, WANT_ONE } } },
	{ "a chain of parents", act_chain, {
		{ "mkdir", { IS("file.path", "{dir}/chained"), IS("process.pid", "{third}"),
			     IS("ringside.ancestors.pid.0", "{second}"),
			     IS("ringside.ancestors.name.0", "rs-second"),
			     IS("ringside.ancestors.pid.1", "{first}"),
			     IS("ringside.ancestors.name.1", "rs-first"),
			     IS("ringside.ancestors.pid.2", "{pid}"),
			     SOME("ringside.ancestors.entity_id.2") }, WANT_ONE } } },
	{ "a number that comes again", act_reuse, {
		{ "exec", { REUSED, IS("process.executable", "{dir}/one/true") }, WANT_ONE },
		{ "exec", { REUSED, IS("process.executable", "{dir}/two/true") }, WANT_ONE },
		{ "exit", { REUSED, IS("process.executable", "{dir}/one/true") }, WANT_ONE },
		{ "exit", { REUSED, IS("process.executable", "{dir}/two/true") }, WANT_ONE },
		{ "mkdir", { REUSED, IS("file.path", "{dir}/dir-one"),
			     HAS("process.executable", "/test-who") }, WANT_ONE },
		{ "mkdir", { REUSED, IS("file.path", "{dir}/dir-two"),
			     HAS("process.executable", "/test-who") }, WANT_ONE } } },
};
/* clang-format on */

/* The entity ids of both lives: alike within one, different between them. */
static void check_entities(const struct agent *agent)
{
	const char *ids[2] = { NULL, NULL };
	size_t n = 0;

	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *event = agent->events[i];
		const char *path = event_str(event, "file.path");
		const char *slash = strrchr(path, '/');

		if (slash && n < 2 && !strncmp(slash, "/dir-", 5))
			ids[n++] = event_str(event, "process.entity_id");
	}
	if (n < 2)
		tap_skip("entity ids of a number that came again", "no number came again");
	else if (!tap_ok(*ids[0] && strcmp(ids[0], ids[1]) != 0, "it is another entity"))
		tap_diag("%s, %s", ids[0], ids[1]);
}

int main(void)
{
	struct agent agent;

	stage_make();
	if (box_start(&web, &bundle_web, "filters by containers")) {
		if (box_start(&db, &bundle_db, "filters by containers")) {
			test_start();
			test_running();
		}
		box_end(&db);
		test_containers();
	}
	box_end(&web);
	test_users();
	test_mistakes();
	agent_start(&agent,
		    (const char *[]){ "--kinds", "process,mkdir", "--pid", pid_of_test(), NULL });
	check_all(&agent, checks, sizeof(checks) / sizeof(*checks));
	check_entities(&agent);
	check_end(&agent);
	agent_done(&agent);
	stage_remove();
	return tap_done();
}
