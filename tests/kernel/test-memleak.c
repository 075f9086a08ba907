/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ringside memleak`: programs whose leak is known to the byte. The allocator is one of our own that is linked into this
 * program under names with je_, so that nobody else's allocations are among those that are counted.
 */
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/leaked.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"

#define HEAP (8u << 20)

/* --- an allocator that never runs out of anything but room --- */

void *je_malloc(size_t size);
void *je_calloc(size_t n, size_t size);
void *je_realloc(void *old, size_t size);
void *je_aligned_alloc(size_t alignment, size_t size);
int je_posix_memalign(void **ret, size_t alignment, size_t size);
void je_free(void *p);
void *leaky_outer(int what, size_t size);
void leaky_outer_free(int what, void *p);
void leaky_site(size_t size, unsigned n);
void leaky_libc(void);
void leaky_map(void);
void *leaky_busy(void *data);

static char heap[HEAP];
static size_t used;

static void *take(size_t size)
{
	size_t at = __atomic_fetch_add(&used, (size + 31) & ~(size_t)15, __ATOMIC_RELAXED);

	return size < HEAP && at + size < HEAP ? heap + at : NULL;
}

/* The probes are at the functions: they may not become part of their callers. */
#ifdef __clang__
#define KEEP __attribute__((noinline, optnone))
#else
#define KEEP __attribute__((noinline, noclone, noipa))
#endif

KEEP void *je_malloc(size_t size)
{
	return take(size);
}

KEEP void *je_calloc(size_t n, size_t size)
{
	return take(n * size);
}

/* Every other time in place. The end of the first case may become a jump to je_malloc(). */
KEEP void *je_realloc(void *old, size_t size)
{
	static unsigned times;

	if (!old)
		return je_malloc(size);
	if (!size) {
		je_free(old);
		return NULL;
	}
	if (times++ % 2 && size < HEAP)
		return old;
	old = take(size); /* one that fails leaves the block as it was */
	return old;
}

KEEP void *je_aligned_alloc(size_t alignment, size_t size)
{
	(void)alignment;
	return take(size);
}

KEEP int je_posix_memalign(void **ret, size_t alignment, size_t size)
{
	(void)alignment;
	*ret = take(size);
	return *ret ? 0 : 12;
}

KEEP void je_free(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* What the program sees begins behind a header. */
KEEP void *leaky_outer(int what, size_t size)
{
	char *p = je_malloc(size + 16);

	(void)what;
	return p ? p + 16 : NULL;
}

KEEP void leaky_outer_free(int what, void *p)
{
	(void)what;
	je_free((char *)p - 16);
}

/* --- deeds --- */

KEEP void leaky_site(size_t size, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		je_malloc(size);
	__asm__ volatile("" : : : "memory");
}

static void deed_plain(void)
{
	for (int i = 0; i < 100; i++) {
		void *p = je_malloc(1000);

		if (i % 2)
			je_free(p);
	}
	for (int i = 0; i < 3; i++)
		je_calloc(7, 9);
	je_free(NULL);
}

static void deed_realloc(void)
{
	void *p = NULL, *q;

	for (size_t i = 1; i <= 50; i++)
		p = je_realloc(p, i * 100);
	q = je_realloc(NULL, 70);
	je_realloc(q, 0);
	q = je_malloc(11);
	if (je_realloc(q, HEAP))
		_exit(1);
}

static void deed_aligned(void)
{
	void *p = NULL;

	if (je_posix_memalign(&p, 64, 333) || !p)
		_exit(1);
	je_free(je_aligned_alloc(64, 4000));
	je_aligned_alloc(64, 222);
	if (je_posix_memalign(&p, 64, HEAP) == 0)
		_exit(1);
}

static void *free_them(void *data)
{
	void **blocks = data;

	for (int i = 0; i < 30; i++)
		je_free(blocks[i]);
	return je_malloc(5);
}

static void deed_threads(void)
{
	void *blocks[50];
	pthread_t thread;

	for (int i = 0; i < 50; i++)
		blocks[i] = je_malloc(40);
	if (pthread_create(&thread, NULL, free_them, blocks))
		_exit(1);
	pthread_join(thread, NULL);
}

static void deed_fork(void)
{
	void *blocks[10];
	pid_t child;

	for (int i = 0; i < 10; i++)
		blocks[i] = je_malloc(100);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 5; i++)
			je_free(blocks[i]);
		je_malloc(77);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void deed_one(void)
{
	je_malloc(321);
}

static void deed_exec(void)
{
	leaky_site(1000, 10);
	execl(traced_self(), traced_self(), "deed", "one", (char *)NULL);
	_exit(1);
}

static void deed_nested(void)
{
	for (int i = 0; i < 5; i++) {
		void *p = leaky_outer(1, 100);

		if (i < 2)
			leaky_outer_free(1, p);
	}
}

static void deed_killed(void)
{
	leaky_site(50, 4);
	raise(SIGKILL);
}

static void deed_many(void)
{
	leaky_site(10, 1000);
}

static void deed_sample(void)
{
	leaky_site(100, 20000);
}

KEEP void leaky_map(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 10 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	munmap(p + 4 * page, 2 * page);
	__asm__ volatile("" : : : "memory");
}

KEEP void leaky_libc(void)
{
	for (int i = 0; i < 7; i++) {
		void *volatile p = malloc(12345);

		if (i == 0)
			free(p);
	}
	__asm__ volatile("" : : : "memory");
}

/* Until whoever watches is there. */
static void deed_wait(void)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) == 1)
		leaky_site(60, 6);
}

/* Who allocates first is a thread with a name of its own. */
static void *be_other(void *data)
{
	prctl(PR_SET_NAME, "other");
	leaky_site(30, 3);
	return data;
}

static void deed_named(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, be_other, NULL))
		_exit(1);
	pthread_join(thread, NULL);
}

static void deed_forks(void)
{
	for (int i = 0; i < 60; i++) {
		pid_t child = fork();

		if (child == 0) {
			je_free(je_malloc(500));
			leaky_site(10, 2);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

/* Addresses go round: what one thread gave back another gets. */
#define BUSY_THREADS 16
#define BUSY_ROUNDS  200

static void *busy_slots[64];

KEEP void *leaky_busy(void *data)
{
	for (int i = 0; i < BUSY_ROUNDS; i++) {
		void *volatile p = malloc(64 + (size_t)(i % 8) * 16);

		p = __atomic_exchange_n(&busy_slots[i % 64], p, __ATOMIC_SEQ_CST);
		free(p);
	}
	for (int i = 0; i < 3; i++)
		__asm__ volatile("" : : "r"(malloc(1000)) : "memory");
	return data;
}

static void deed_busy(void)
{
	pthread_t threads[BUSY_THREADS];

	for (int i = 0; i < BUSY_THREADS; i++)
		if (pthread_create(&threads[i], NULL, leaky_busy, NULL))
			_exit(1);
	for (int i = 0; i < BUSY_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 64; i++)
		free(busy_slots[i]);
}

/* Maps the file that its standard error is: code, when it is told to, and lives on until it is told to end. */
static void deed_late(void)
{
	char c;

	if (read(STDIN_FILENO, &c, 1) == 1 &&
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, STDERR_FILENO, 0) != MAP_FAILED &&
	    read(STDIN_FILENO, &c, 1) == 1)
		_exit(0);
	_exit(1);
}

static int do_deed(const char *name)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} deeds[] = {
		{ "plain", deed_plain },     { "realloc", deed_realloc },
		{ "aligned", deed_aligned }, { "threads", deed_threads },
		{ "fork", deed_fork },       { "one", deed_one },
		{ "exec", deed_exec },       { "nested", deed_nested },
		{ "killed", deed_killed },   { "many", deed_many },
		{ "sample", deed_sample },   { "map", leaky_map },
		{ "libc", leaky_libc },      { "wait", deed_wait },
		{ "named", deed_named },     { "forks", deed_forks },
		{ "busy", deed_busy },       { "late", deed_late },
	};

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (strcmp(deeds[i].name, name) != 0)
			continue;
		deeds[i].fn();
		_exit(0); /* leaks are meant */
	}
	return 2;
}

/* --- runs --- */

#define OPTIONS 8

struct row {
	const char *name, *deed;
	const char *options[OPTIONS];
	json_int_t bytes, count;
	const char *function; /* NULL: all stacks */
	const char *kind;     /* NULL: "heap" */
	int code;
	bool crowd; /* many threads at once */
};

/* Most rows leave out what they do not need. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define ONLY_OURS "--allocators", "jemalloc"

static const struct row rows[] = {
	{ "malloc, calloc, free", "plain", { ONLY_OURS }, 50 * 1000 + 3 * 63, 53 },
	{ "realloc: in place, elsewhere, to nothing, failing", "realloc", { ONLY_OURS }, 5011, 2 },
	{ "posix_memalign, aligned_alloc", "aligned", { ONLY_OURS }, 555, 2 },
	{ "freed by another thread", "threads", { ONLY_OURS }, 20 * 40 + 5, 21 },
	{ "a fork: the child is another's", "fork", { ONLY_OURS }, 1000, 10 },
	{ "a fork: the child's frees are of its copies", "fork", { ONLY_OURS, "-f" }, 1077, 11 },
	{ "exec: what was before is gone", "exec", { ONLY_OURS }, 321, 1 },
	{ "functions that are named",
	  "nested",
	  { "--alloc", "leaky_outer:2", "--free", "leaky_outer_free:2" },
	  300,
	  3 },
	{ "an allocator that calls another counts once",
	  "nested",
	  { ONLY_OURS, "--alloc", "leaky_outer:2", "--free", "leaky_outer_free:2" },
	  300,
	  3 },
	{ "objects without a size",
	  "nested",
	  { "--alloc", "leaky_outer:0", "--free", "leaky_outer_free:2" },
	  3,
	  3 },
	{ "a process that is killed", "killed", { ONLY_OURS }, 200, 4, .code = 128 + SIGKILL },
	{ "the function that leaks is in the stack",
	  "many",
	  { ONLY_OURS },
	  10000,
	  1000,
	  "leaky_site" },
	{ "malloc of the C library", "libc", { NULL }, 6 * 12345, 6, "leaky_libc" },
	{ "many processes that end", "forks", { ONLY_OURS, "-f" }, 60 * 20, 60 * 2 },
	{ "many threads, whose blocks go round",
	  "busy",
	  { NULL },
	  BUSY_THREADS * 3000,
	  BUSY_THREADS * 3,
	  "leaky_busy",
	  .crowd = true },
};

/* @deed NULL: no command. */
static void run_memleak(const char *deed, const char *const options[], struct outcome *outcome)
{
	const char *args[OPTIONS + 8] = { "memleak", "-o", "json", "-q" };
	char *command = NULL;
	size_t n = 4;

	for (size_t i = 0; i < OPTIONS && options[i]; i++)
		args[n++] = options[i];
	if (asprintf(&command, "%s deed %s", traced_self(), deed) < 0)
		tap_bail("out of memory");
	args[n++] = "-c";
	args[n++] = command;
	args[n] = NULL;
	agent_run(outcome, args, NULL, NULL);
	free(command);
}

static void explain(const struct outcome *outcome, const struct leaked *found)
{
	tap_diag("%lld bytes in %lld blocks, %lld allocations, %lld frees, code %d",
		 (long long)found->bytes, (long long)found->count, (long long)found->allocations,
		 (long long)found->frees, outcome->code);
	tap_diag("%s", outcome->err);
}

static void check_row(const void *data)
{
	const struct row *row = data;
	struct outcome outcome;
	struct leaked found;

	run_memleak(row->deed, row->options, &outcome);
	leaked_read(outcome.out, row->kind ? row->kind : "heap", row->function, &found);
	if (!tap_ok(found.summary && found.bytes == row->bytes && found.count == row->count &&
			    outcome.code == row->code,
		    "%s", row->name))
		explain(&outcome, &found);
	outcome_done(&outcome);
}

/* --- those that are not in the table --- */

static void check_losses(void)
{
	static const char *const options[OPTIONS] = { ONLY_OURS, "--max-blocks", "64" };
	struct outcome outcome;
	struct leaked found;

	run_memleak("many", options, &outcome);
	leaked_read(outcome.out, "heap", NULL, &found);
	if (!tap_ok(found.lost > 0 && found.count + found.lost == 1000 &&
			    strstr(outcome.err, "allocations (") != NULL,
		    "what does not fit is counted and told"))
		explain(&outcome, &found);
	outcome_done(&outcome);
}

/* 1900 of 20000 are sampled: 15 percent is seven times what chance makes of that. */
static void check_sample(void)
{
	static const char *const options[OPTIONS] = { ONLY_OURS, "--sample", "1000" };
	struct outcome outcome;
	struct leaked found;

	run_memleak("sample", options, &outcome);
	leaked_read(outcome.out, "heap", NULL, &found);
	if (!tap_ok(found.bytes > 1700000 && found.bytes < 2300000 && found.allocations == 20000,
		    "samples are scaled up"))
		explain(&outcome, &found);
	outcome_done(&outcome);
}

static void check_map(void)
{
	static const char *const options[OPTIONS] = { "--allocators", "mmap" };
	struct outcome outcome;
	struct leaked found;

	run_memleak("map", options, &outcome);
	leaked_read(outcome.out, "mmap", "leaky_map", &found);
	if (!tap_ok(found.bytes == 8 * sysconf(_SC_PAGESIZE) && found.count == 2,
		    "mappings, parts of which were unmapped"))
		explain(&outcome, &found);
	outcome_done(&outcome);
}

/* The name is that of the process; and one without an allocator that we know. */
static void check_words(void)
{
	static const char *const ours[OPTIONS] = { ONLY_OURS };
	static const char *const none[OPTIONS] = { "--allocators", "tcmalloc" };
	char own[16] = "", want[64];
	struct outcome outcome;

	prctl(PR_GET_NAME, own);
	snprintf(want, sizeof(want), "\"process\":\"%s\"", own);
	run_memleak("named", ours, &outcome);
	if (!tap_ok(strstr(outcome.out, want) && !strstr(outcome.out, "\"other\""),
		    "the name is the process's, not that of a thread"))
		tap_diag("%s: %s", want, outcome.out);
	outcome_done(&outcome);
	run_memleak("plain", none, &outcome);
	if (!tap_ok(strstr(outcome.err, "no function that allocates was found") != NULL,
		    "that there is nothing to watch is told"))
		tap_diag("%s", outcome.err);
	outcome_done(&outcome);
}

/* Starts a deed that reads what to do; its number. */
static pid_t start_deed(const char *deed, int err, int *ret_orders)
{
	int orders[2];
	pid_t child;

	if (pipe(orders) < 0)
		tap_bail("pipe: %m");
	child = fork();
	if (child == 0) {
		dup2(orders[0], STDIN_FILENO);
		dup2(err, STDERR_FILENO);
		close(orders[1]);
		execl(traced_self(), traced_self(), "deed", deed, (char *)NULL);
		_exit(1);
	}
	close(orders[0]);
	*ret_orders = orders[1];
	return child;
}

static void order(int orders)
{
	if (write(orders, "x", 1) != 1)
		tap_bail("write: %m");
}

/* A process that runs already, and ends while it is watched. */
static void check_pid(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];
	const char *args[] = { "memleak", "-o", "json", ONLY_OURS, "-p", pid, NULL };
	json_int_t bytes = 0;
	int orders, status;
	pid_t child = start_deed("wait", STDERR_FILENO, &orders);

	snprintf(pid, sizeof(pid), "%d", child);
	agent_spawn(&agent, args, NULL, NULL);
	if (!agent_wait_err(&agent, "watching"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	order(orders);
	waitpid(child, &status, 0);
	close(orders);
	agent_wait_end(&agent);
	for (size_t i = 0; i < agent.n_events; i++)
		if (leaked_is_row(agent.events[i], "heap", "leaky_site"))
			bytes += json_integer_value(json_object_get(agent.events[i], "bytes"));
	if (!tap_ok(bytes == 360 && agent_code(&agent) == 0,
		    "a process that ran already, and ended"))
		tap_diag("%lld bytes: %s", (long long)bytes, rs_str_cstr(&agent.err_text));
	agent_done(&agent);
}

/* This program as a file that nobody has mapped yet. */
static int copy_of_self(void)
{
	int from = open(traced_self(), O_RDONLY | O_CLOEXEC);
	int to = memfd_create("code", MFD_CLOEXEC);
	char buf[65536];
	ssize_t n;

	if (from < 0 || to < 0)
		tap_bail("copying: %m");
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			tap_bail("copying: %m");
	close(from);
	return to;
}

static bool has_note(const struct agent *agent, const char *text)
{
	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *notes = json_object_get(agent->events[i], "notes"), *note;
		size_t k;

		json_array_foreach(notes, k, note)
		{
			if (strstr(json_string_value(note), text))
				return true;
		}
	}
	return false;
}

/* Code comes to a process that runs: it is probed, and that this took a while is told. */
static void check_late(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];
	const char *args[] = { "memleak", "-o", "json",  ONLY_OURS, "-p",
			       pid,       "-i", "100ms", "-q",      NULL };
	int code = copy_of_self(), orders;
	pid_t child = start_deed("late", code, &orders);
	bool told = false;

	snprintf(pid, sizeof(pid), "%d", child);
	agent_spawn(&agent, args, NULL, NULL);
	while (!agent.n_events && agent_pump(&agent, agent_patience()))
		;
	tap_ok(agent.n_events && !has_note(&agent, "came while"), "nothing came late so far");
	order(orders);
	/* A report each tenth of a second. */
	for (int i = 0; i < 3000 && !told && agent_pump(&agent, agent_patience()); i++) {
		told = has_note(&agent, "came while its process ran on");
		agent_forget(&agent);
	}
	if (!tap_ok(told, "what came late is told"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	order(orders);
	waitpid(child, NULL, 0);
	close(orders);
	close(code);
	agent_wait_end(&agent);
	agent_done(&agent);
}

/* Somebody who has the kernel allocate all the time. */
static pid_t start_pipes(void)
{
	pid_t pid = fork();

	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pid == 0) {
		int ends[2];

		if (pipe(ends) < 0)
			_exit(1);
		close(ends[0]);
		close(ends[1]);
	}
	return pid;
}

static void check_kernel(void)
{
	const char *args[] = { "memleak", "--kernel", "-d", "1s", "-o", "json", "-q", NULL };
	pid_t pipes = start_pipes();
	struct outcome outcome;
	struct leaked found;

	agent_run(&outcome, args, NULL, NULL);
	kill(pipes, SIGKILL);
	waitpid(pipes, NULL, 0);
	leaked_read(outcome.out, "slab", NULL, &found);
	if (!tap_ok(outcome.code == 0 && found.summary && found.allocations > 0,
		    "the kernel's own memory"))
		explain(&outcome, &found);
	outcome_done(&outcome);
}

/* Each is a line of options that cannot be, and a word of what is said. */
static void check_misuse(void)
{
	static const struct {
		const char *args[6], *word;
	} wrong[] = {
		{ { "memleak" }, "whose memory" },
		{ { "memleak", "--free", "f", "-p", "1" }, "--alloc" },
		{ { "memleak", "--alloc", "f:9", "-p", "1" }, "argument" },
		{ { "memleak", "--kernel", "--sample", "1K" }, "--sample" },
		{ { "memleak", "--max-blocks", "1", "-p", "1" }, "--max-blocks" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct outcome outcome;

		agent_run(&outcome, wrong[i].args, NULL, NULL);
		if (!tap_ok(outcome.code == 2 && strstr(outcome.err, wrong[i].word),
			    "wrong use: %s", wrong[i].word))
			tap_diag("%d: %s", outcome.code, outcome.err);
		outcome_done(&outcome);
	}
}

/* Why not all that many threads allocate is seen here; NULL: it is. */
static const char *crowd_gap(void)
{
	struct utsname name;

	if (uname(&name) || strtol(name.release, NULL, 10) < 7)
		return NULL;
	return "on 7.x a thread's allocations now and then go unseen after its first";
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "deed"))
		return do_deed(argv[2]);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tap_todo(rows[i].crowd ? crowd_gap() : NULL);
		again(check_row, &rows[i]);
		tap_todo(NULL);
	}
	again_plain(check_losses);
	again_plain(check_sample);
	again_plain(check_map);
	again_plain(check_words);
	again_plain(check_pid);
	check_late();
	check_kernel();
	check_misuse();
	return tap_done();
}
