/* SPDX-License-Identifier: Apache-2.0 */
/* Events are kept and found again: while the agent runs, after it ended, after it was killed; and what a
 * disk does that is full, read-only or damaged. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/kernel/lib/ask.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"

#define ROUNDS (getenv("RINGSIDE_VM") ? 3u : 8u) /* a start takes seconds there */
#define NOISE                                                                                      \
	3000 /* events of 4 KB, much more than the store may keep; the open file is not dropped */

/* --- lines of text --- */

struct lines {
	char *text; /* owned; newlines replaced */
	char **items;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes the text. */
static struct lines lines_of(char *text, bool sorted)
{
	struct lines lines = { .text = text };

	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines.n++;
	lines.items = calloc(lines.n + 1, sizeof(*lines.items));
	lines.n = 0;
	for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n"))
		lines.items[lines.n++] = line;
	if (sorted)
		qsort(lines.items, lines.n, sizeof(*lines.items), by_text);
	return lines;
}

static void lines_done(struct lines *lines)
{
	free(lines->items);
	free(lines->text);
	*lines = (struct lines){ 0 };
}

/* Whether the same lines are in both, whatever their order; tells the first that is not. */
static bool same_lines(const char *live, const char *stored)
{
	struct lines a = lines_of(strdup(live), true), b = lines_of(strdup(stored), true);
	size_t i = 0;
	bool same;

	while (i < a.n && i < b.n && !strcmp(a.items[i], b.items[i]))
		i++;
	same = i == a.n && i == b.n && a.n > 0;
	if (!same)
		tap_diag("%zu lines and %zu; the first that differ:\n%s\n%s", a.n, b.n,
			 i < a.n ? a.items[i] : "(none)", i < b.n ? b.items[i] : "(none)");
	lines_done(&a);
	lines_done(&b);
	return same;
}

/* Cuts behind the line that has the text; false: there is none. */
static bool cut_behind(char *text, const char *mark)
{
	char *found = strstr(text, mark);
	char *end = found ? strchr(found, '\n') : NULL;

	if (end)
		end[1] = '\0';
	return end;
}

/* --- the same JSON --- */

static void connect_to(int type, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	if (connect(fd, (void *)&to, sizeof(to)) == 0)
		(void)!send(fd, "x", 1, 0);
	close(fd);
}

/* Something of every sensor, successes and failures. */
static void do_various(void)
{
	pid_t pid = fork();

	if (!pid) {
		int fd = open(at("new file\n\"\xff"), O_CREAT | O_WRONLY | O_CLOEXEC, 0640);

		(void)!write(fd, "text", 4);
		(void)!ftruncate(fd, 1);
		(void)!rename(at("new file\n\"\xff"), at("other"));
		(void)!symlink("target", at("link"));
		(void)!mkdir(at("missing/dir"), 0755);
		(void)!chmod(at("other"), 0600);
		unlink(at("other"));
		connect_to(SOCK_STREAM, "127.0.0.1");
		connect_to(SOCK_DGRAM, "127.0.0.1");
		(void)!setgid(12345);
		(void)!setuid(12345);
		kill(1, SIGTERM); /* which is refused */
		execl("/bin/true", "true", "an argument", "", "\xc3\xa4\x01", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* Makes a directory until the agent's raw output has it: the end of what was before. */
static bool wait_mark(struct agent *agent, const char *name)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();

	if (mkdir(at(name), 0700))
		tap_bail("mkdir %s: %m", at(name));
	while (!strstr(rs_str_cstr(&agent->line), at(name)) && now_ms() < end && agent->out >= 0)
		agent_pump(agent, 100);
	return strstr(rs_str_cstr(&agent->line), at(name));
}

/* What is stored up to the mark, once that is stored. */
static char *ask_up_to(const char *mark)
{
	const char *args[] = { "events", "-o", "json", NULL };
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	char *text = ask_text(args);

	while (!cut_behind(text, mark) && now_ms() < end) {
		free(text);
		text = ask_text(args);
	}
	return text;
}

static void test_same(void)
{
	char pid[16], *live, *stored;
	struct agent agent;

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--kinds", "all", "-p", pid, NULL });
	agent.raw = true;
	do_various();
	tap_ok(wait_mark(&agent, "mark-1"), "events are shown");
	live = strdup(rs_str_cstr(&agent.line));
	cut_behind(live, at("mark-1"));
	stored = ask_up_to(at("mark-1"));
	tap_ok(same_lines(live, stored),
	       "while the agent runs: each line is found again, byte for byte");
	free(live);
	free(stored);

	do_various();
	wait_mark(&agent, "mark-2");
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends");
	stored = ask_text((const char *[]){ "events", "-o", "json", NULL });
	tap_ok(same_lines(rs_str_cstr(&agent.line), stored),
	       "after its end: every line that it wrote, and no other");
	free(stored);
	agent_done(&agent);
}

/* --- forms of the answer: what test_same() left --- */

static void test_forms(void)
{
	const char *kind[] = { "events", "-k", "symlink", "-o", "json", NULL };
	const char *limit[] = { "events", "-n", "3", "-o", "json", NULL };
	const char *csv[] = { "events", "-k", "symlink",   "-o",        "csv",
			      "-n",     "1",  "--columns", "file.path", NULL };
	const char *count[] = { "events", "--path",     at("link"),      "-o",
				"csv",    "--count-by", "ringside.kind", NULL };
	const char *where[] = { "events", "--where", "kind == mkdir and errno == ENOENT",
				"-o",     "json",    NULL };
	const char *mistake[] = { "events", "--where", "kind == mkdir and errrno == 1", NULL };
	struct outcome outcome;
	char expected[512], *text;

	tap_ok(ask_count(kind) == 2, "one kind");
	tap_ok(ask_count(limit) == 3, "--limit");
	tap_ok(ask_count(where) == 2, "--where: what failed");
	text = ask_text(csv);
	snprintf(expected, sizeof(expected), "file.path\r\n%s\r\n", at("link"));
	if (!tap_ok(!strcmp(text, expected), "csv"))
		tap_diag("%s", text);
	free(text);
	text = ask_text(count);
	if (!tap_ok(!strcmp(text, "count,ringside.kind\r\n2,symlink\r\n"), "--count-by"))
		tap_diag("%s", text);
	free(text);
	agent_run(&outcome, mistake, NULL, NULL);
	if (!tap_ok(outcome.code == 2 && strstr(outcome.err, "errrno") && !*outcome.out,
		    "a mistake in --where: exit code 2, and told"))
		tap_diag("%d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* --- a reader that goes away, and one that stays --- */

static void small_pipe(void *data)
{
	(void)data;
	fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 4096);
}

static void test_head(void)
{
	struct agent reader;

	agent_spawn(&reader,
		    (const char *[]){ "events", "-o", "json", "--root", agent_root(), NULL },
		    small_pipe, NULL);
	while (!reader.n_events && agent_pump(&reader, agent_patience()))
		;
	rs_cleanup_close(&reader.out);
	agent_wait_end(&reader);
	if (!tap_ok(reader.n_events && agent_code(&reader) == 0 && !*rs_str_cstr(&reader.err_text),
		    "| head: it ends quietly"))
		tap_diag("%d: %s", agent_code(&reader), rs_str_cstr(&reader.err_text));
	agent_done(&reader);
}

static bool wait_raw(struct agent *agent, const char *text)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();

	while (!strstr(rs_str_cstr(&agent->line), text) && now_ms() < end && agent->out >= 0)
		agent_pump(agent, 100);
	return strstr(rs_str_cstr(&agent->line), text);
}

/* The line of column names is there as soon as it follows. */
static void test_follow(void)
{
	struct agent agent, follower;

	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--path", at(""), NULL });
	mkdir(at("before"), 0700);
	tap_ok(wait_seen(&agent, "before") && ask_wait_stored(&agent), "an event is stored");
	agent_spawn(&follower,
		    (const char *[]){ "events", "--follow", "-o", "csv", "--columns", "file.path",
				      "--root", agent_root(), NULL },
		    NULL, NULL);
	follower.raw = true;
	tap_ok(wait_raw(&follower, "file.path\r\n"), "--follow begins");
	mkdir(at("after"), 0700);
	tap_ok(wait_raw(&follower, at("after")), "an event that was made later comes");
	mkdir(at("later"), 0700);
	tap_ok(wait_raw(&follower, at("later")), "and another");
	tap_ok(!strstr(rs_str_cstr(&follower.line), at("before")),
	       "what was there before does not");
	if (!tap_ok(agent_stop(&follower, SIGINT) == 0, "SIGINT ends it with code 0"))
		tap_diag("%s", rs_str_cstr(&follower.err_text));
	agent_done(&follower);
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
}

/* --- kill -9 --- */

/* Forks children that make directories, one after the other, until it is killed. */
static pid_t begin_load(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++) {
		char name[32];
		pid_t child;

		snprintf(name, sizeof(name), "load/%u", i);
		child = fork();
		if (!child) {
			mkdir(at(name), 0700);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		rmdir(at(name));
	}
}

static void end_load(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Of all events that are stored, by kind. False: something could not be read. */
static bool count_stored(const char *dir, uint64_t *ret_count)
{
	struct agent answer;
	uint64_t count = 0;
	bool well;

	well = ask(&answer, (const char *[]){ "events", "--store", dir, "--count-by",
					      "ringside.kind", "-o", "json", NULL });
	for (size_t i = 0; i < answer.n_events; i++)
		count += (uint64_t)event_int(answer.events[i], "count");
	if (strstr(rs_str_cstr(&answer.err_text), "could not be read")) {
		tap_diag("%s", rs_str_cstr(&answer.err_text));
		well = false;
	}
	agent_done(&answer);
	*ret_count = count;
	return well;
}

static size_t count_files(const char *pattern)
{
	glob_t found = { 0 };
	size_t n = glob(pattern, 0, NULL, &found) ? 0 : found.gl_pathc;

	globfree(&found);
	return n;
}

/* One agent, killed at some moment while it stores. Returns what it said to have stored; -1. */
static json_int_t kill_one(const char *dir, const char *load, uint64_t events)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	struct agent agent;
	json_int_t stored = -1;

	agent_start(&agent, (const char *[]){ "--kinds", "process,mkdir", "-p", load, "--store",
					      dir, NULL });
	if (ask_stat("store.set_aside") != 0)
		tap_diag("a file was set aside");
	while (agent.seen < events && now_ms() < end)
		agent_pump(&agent, 100);
	if (ask_wait_stat(&agent, "store.stored", 1))
		stored = ask_stat("store.stored");
	agent_stop(&agent, SIGKILL);
	agent_done(&agent);
	return stored;
}

/* Each directory was made once, in the order of its number: no event is there twice. */
static bool is_in_order(const char *dir)
{
	struct agent answer;
	json_int_t last = -1;
	bool well;

	well = ask(&answer,
		   (const char *[]){ "events", "--store", dir, "-k", "mkdir", "-o", "json", NULL });
	for (size_t i = 0; i < answer.n_events && well; i++) {
		const char *slash = strrchr(event_str(answer.events[i], "file.path"), '/');
		json_int_t number = slash ? atoll(slash + 1) : -1;

		well = number > last;
		if (!well)
			tap_diag("number %lld after %lld", (long long)number, (long long)last);
		last = number;
	}
	well = well && answer.n_events;
	agent_done(&answer);
	return well;
}

static void test_kill(void)
{
	char dir[256], load_pid[16], broken[300];
	uint64_t before = 0, found = 0;
	unsigned good = 0;
	pid_t load;

	snprintf(dir, sizeof(dir), "%s", at("killed"));
	snprintf(broken, sizeof(broken), "%s/*broken*", dir);
	mkdir(at("load"), 0700);
	load = begin_load();
	snprintf(load_pid, sizeof(load_pid), "%d", load);
	for (unsigned i = 0; i < ROUNDS; i++) {
		json_int_t stored = kill_one(dir, load_pid, 50 + (uint64_t)rand() % 700);

		if (count_stored(dir, &found) && stored > 0 && found >= before + (uint64_t)stored)
			good++;
		else
			tap_diag("round %u: %llu found before, %lld stored, %llu found now", i,
				 (unsigned long long)before, (long long)stored,
				 (unsigned long long)found);
		before = found;
	}
	end_load(load);
	tap_ok(good == ROUNDS, "killed %u times: all that was stored is found", ROUNDS);
	tap_ok(count_files(broken) == 0, "no file was set aside");
	tap_ok(is_in_order(dir), "no event is there twice");
}

/* --- disks --- */

static bool mount_small(const char *name, const char *options, unsigned long flags)
{
	if (mkdir(at(name), 0755) && errno != EEXIST)
		return false;
	return mount("tmpfs", at(name), "tmpfs", flags, options) == 0;
}

/* Takes all room that is left. */
static void fill(const char *name)
{
	static const char zeros[4096];
	int fd = open(at(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	size_t size = sizeof(zeros);

	if (fd < 0)
		tap_bail("opening %s: %m", at(name));
	while (size) {
		if (write(fd, zeros, size) < 0)
			size /= 2;
	}
	close(fd);
}

/* Makes events until the number is above what it was. */
static bool make_until(struct agent *agent, const char *path, json_int_t above)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience() * 2;
	static unsigned number;

	while (now_ms() < end) {
		for (unsigned i = 0; i < 200; i++) {
			char name[64];

			snprintf(name, sizeof(name), "d/%u", number++);
			mkdir(at(name), 0700);
			rmdir(at(name));
		}
		agent_pump(agent, 20);
		if (ask_stat(path) > above)
			return true;
	}
	return false;
}

static size_t count_text(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* The number of events in "store  N events kept" of the summary. */
static uint64_t summary_kept(struct agent *agent)
{
	const char *row = strstr(rs_str_cstr(&agent->err_text), "\n  store ");

	return row ? strtoull(row + strlen("\n  store "), NULL, 10) : 0;
}

static void check_full(struct agent *agent)
{
	const char *said = "stored no more";
	json_int_t stored;
	uint64_t seen_before;

	tap_ok(make_until(agent, "store.stored", 0), "a small disk: events are stored");
	fill("disk/fill");
	tap_ok(make_until(agent, "store.not_stored", 0), "it is full: events are counted");
	seen_before = agent->seen;
	tap_ok(make_until(agent, "store.not_stored", ask_stat("store.not_stored")) &&
		       agent_pump(agent, agent_patience()) && agent->seen > seen_before,
	       "events are shown all the same");
	if (!tap_ok(count_text(rs_str_cstr(&agent->err_text), said) == 1,
		    "it is told once on standard error"))
		tap_diag("%s", rs_str_cstr(&agent->err_text));
	stored = ask_stat("store.stored");
	unlink(at("disk/fill"));
	tap_ok(make_until(agent, "store.stored", stored), "there is room again: it stores again");
	tap_ok(agent_wait_err(agent, "stores again"), "and says so");
}

static void test_full(void)
{
	char dir[256];
	struct agent agent;
	uint64_t found;

	/* Room for what is stored here, and its log: else it is the store that fills it again. */
	if (!mount_small("disk", "size=32m", 0)) {
		tap_skip("a full disk", "no tmpfs may be mounted");
		return;
	}
	snprintf(dir, sizeof(dir), "%s", at("disk/store"));
	mkdir(at("d"), 0700);
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir,rmdir", "--path", at("d"),
					      "--store", dir, NULL });
	check_full(&agent);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends with code 0");
	tap_ok(strstr(rs_str_cstr(&agent.err_text), "not kept"),
	       "the summary says what is missing");
	if (!tap_ok(count_stored(dir, &found) && found == summary_kept(&agent),
		    "all that was stored is found"))
		tap_diag("%llu found, %llu stored", (unsigned long long)found,
			 (unsigned long long)summary_kept(&agent));
	agent_done(&agent);
	umount2(at("disk"), MNT_DETACH);
}

/* The agent runs and shows, and says at start why it keeps nothing. */
static void check_without(const char *dir, const char *said, const char *what)
{
	struct agent agent;

	agent_start(&agent,
		    (const char *[]){ "--kinds", "mkdir", "--path", at(""), "--store", dir, NULL });
	mkdir(at(what), 0700);
	tap_ok(wait_seen(&agent, what) && ask_stat("store.stored") < 1, "%s: events are shown",
	       what);
	if (said && !tap_ok(strstr(rs_str_cstr(&agent.err_text), said), "%s: it says so", what))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	tap_ok(agent_stop(&agent, SIGINT) == 0, "%s: it ends with code 0", what);
	agent_done(&agent);
}

static void test_read_only(void)
{
	if (!mount_small("ro", NULL, MS_RDONLY)) {
		tap_skip("a read-only disk", "no tmpfs may be mounted");
		return;
	}
	check_without(at("ro/store"), "events are not kept", "a read-only disk");
	umount2(at("ro"), MNT_DETACH);
}

static void test_none(void)
{
	struct outcome outcome;

	check_without("none", NULL, "--store none");
	agent_run(&outcome, (const char *[]){ "events", "--store", at("nothing"), NULL }, NULL,
		  NULL);
	if (!tap_ok(outcome.code == 1 && strstr(outcome.err, at("nothing")),
		    "a store that is not there: told, exit code 1"))
		tap_diag("%d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

/* --- damage, and company --- */

static void put(const char *name, const char *text)
{
	int fd = open(at(name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tap_bail("writing %s: %m", at(name));
	close(fd);
}

#define RUBBISH "this is no database, and it is long enough to be looked at as one of them"

/* One that was being written when its writer was killed, and one that nobody has touched since. */
static void test_damage(void)
{
	struct outcome outcome;
	struct agent agent;
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", at("damaged"));
	mkdir(dir, 0700);
	put("damaged/events-20200101T00.db", RUBBISH);
	put("damaged/events-20200101T00.db-wal", RUBBISH);
	put("damaged/events-20200101T01.db", RUBBISH);
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--path", at(""), "--store", dir,
					      "--store-age", "100000d", NULL });
	mkdir(at("damage"), 0700);
	tap_ok(wait_seen(&agent, "damage") && ask_wait_stored(&agent),
	       "a damaged file: the agent stores");
	tap_ok(ask_stat("store.set_aside") == 1 &&
		       count_files(at("damaged/events-20200101T00.db*broken")) == 1,
	       "it is set aside and counted");
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
	agent_run(&outcome, (const char *[]){ "events", "--store", dir, "-o", "json", NULL }, NULL,
		  NULL);
	if (!tap_ok(outcome.code == 0 && strstr(outcome.out, at("damage")) &&
			    strstr(outcome.err, "could not be read"),
		    "another: told when asking, and the rest is found"))
		tap_diag("%d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

static void test_two(void)
{
	struct outcome outcome;
	struct agent agent;

	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--path", at(""), "--store",
					      at("shared"), NULL });
	agent_run(&outcome,
		  (const char *[]){ "run", "--root", agent_root(), "--store", at("shared"), "-c",
				    "true", NULL },
		  NULL, NULL);
	if (!tap_ok(outcome.code == 1 && strstr(outcome.err, at("shared")),
		    "a second agent on the same directory: refused"))
		tap_diag("%d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
	mkdir(at("two"), 0700);
	tap_ok(wait_seen(&agent, "two") && ask_wait_stored(&agent), "the first goes on");
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
}

/* --- retention --- */

/* Text of symbolic links that no compression makes small. */
static void make_noise(unsigned number)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	char target[4000], name[64];

	for (size_t i = 0; i < sizeof(target) - 1; i++)
		target[i] = letters[(unsigned)rand() % 64];
	target[sizeof(target) - 1] = '\0';
	snprintf(name, sizeof(name), "noise/%u", number);
	if (symlink(target, at(name)))
		tap_bail("symlink: %m");
	unlink(at(name));
}

static bool has_first(void)
{
	return ask_count((const char *[]){ "events", "--store", at("few"), "--path", at("noise/0"),
					   "-o", "json", NULL }) == 1;
}

static void test_retention(void)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience() * 2;
	json_int_t dropped = 0, bytes;
	unsigned number = 0;
	struct agent agent;
	uint64_t found;
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", at("few"));
	mkdir(at("noise"), 0700);
	agent_start(&agent, (const char *[]){ "--kinds", "symlink", "--path", at("noise"),
					      "--store", dir, "--store-size", "1M", NULL });
	make_noise(number++);
	tap_ok(wait_seen(&agent, "noise/0") && ask_wait_stored(&agent) && has_first(),
	       "--store-size: the first event is stored");
	while ((dropped < 1 || number < NOISE) && now_ms() < end) {
		for (unsigned i = 0; i < 200; i++)
			make_noise(number++);
		agent_pump(&agent, 20);
		dropped = ask_stat("store.files_dropped");
	}
	tap_ok(dropped > 0, "whole files are dropped when there is more");
	tap_ok(ask_wait_stored(&agent), "the rest is stored");
	bytes = ask_stat("store.bytes");
	if (!tap_ok(bytes > 0 && bytes <= 4 << 20, "what remains is about that size"))
		tap_diag("%lld bytes in %lld files", (long long)bytes,
			 (long long)ask_stat("store.files"));
	tap_ok(!has_first(), "the oldest is gone");
	tap_ok(count_stored(dir, &found) && found > 0 && found < number, "the newest are there");
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends");
	agent_done(&agent);
}

int main(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	stage_make();
	test_same();
	test_forms();
	test_head();
	test_follow();
	test_kill();
	test_full();
	test_read_only();
	test_none();
	test_damage();
	test_two();
	test_retention();
	stage_remove();
	return tap_done();
}
