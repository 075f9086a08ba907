/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of code without frame pointers are whole. Between the functions of this program lies one, in assembler, that
 * uses rbp for something else: who follows frame pointers ends there.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/kernel/lib/busy.h"
#include "tests/kernel/lib/tap.h"

#define LEVELS   40
#define LARGE    200000 /* bytes of a frame */
#define CHILD_MS 600    /* CPU time of a process that comes later, at first */
#define CHILD_MOST                                                                                 \
	4 /* rounds, each with twice the time: a slow machine may need it to learn of the process */
#define MANY      10000 /* parts of a file that a process has mapped */
#define SHORT     12    /* processes that do next to nothing */
#define NAMES_MAX 8

#define PLACE "tracepoint:syscalls:sys_enter_close"

#ifdef __x86_64__

/* Calls fn(arg) with a number in rbp. */
void unwind_through(void (*fn)(void *), void *arg);
__asm__(".text\n"
	".globl unwind_through\n"
	".type unwind_through, @function\n"
	"unwind_through:\n"
	".cfi_startproc\n"
	"push %rbp\n"
	".cfi_adjust_cfa_offset 8\n"
	".cfi_rel_offset %rbp, 0\n"
	"sub $48, %rsp\n"
	".cfi_adjust_cfa_offset 48\n"
	"mov $0x5eed5eed, %ebp\n"
	"mov %rdi, %rax\n"
	"mov %rsi, %rdi\n"
	"call *%rax\n"
	"add $48, %rsp\n"
	".cfi_adjust_cfa_offset -48\n"
	"pop %rbp\n"
	".cfi_adjust_cfa_offset -8\n"
	".cfi_restore %rbp\n"
	"ret\n"
	".cfi_endproc\n"
	".size unwind_through, . - unwind_through\n");

/* Functions that tests look for have names that the linker keeps, and do something behind their calls. */
#define FUNCTION __attribute__((noinline, used))
#define BEHIND() __asm__ volatile("" ::: "memory")

void unwind_leaf(void *unused);
void unwind_level(void *left);
void unwind_large(void *unused);
void unwind_handler(int number);
void unwind_signalled(void *unused);
int unwind_compare(const void *a, const void *b);
void unwind_sort(void *unused);

FUNCTION void unwind_leaf(void *unused)
{
	(void)unused;
	close(100000); /* the place */
	BEHIND();
}

FUNCTION void unwind_level(void *left)
{
	uintptr_t levels = (uintptr_t)left;

	unwind_through(levels ? unwind_level : unwind_leaf, (void *)(levels - 1));
	BEHIND();
}

FUNCTION void unwind_large(void *unused)
{
	volatile char large[LARGE];

	large[0] = large[LARGE - 1] = 1;
	unwind_through(unwind_leaf, unused);
	BEHIND();
}

FUNCTION void unwind_handler(int number)
{
	(void)number;
	unwind_through(unwind_leaf, NULL);
	BEHIND();
}

FUNCTION void unwind_signalled(void *unused)
{
	(void)unused;
	raise(SIGUSR1);
	BEHIND();
}

FUNCTION int unwind_compare(const void *a, const void *b)
{
	unwind_through(unwind_leaf, NULL);
	BEHIND();
	return *(const int *)a - *(const int *)b;
}

FUNCTION void unwind_sort(void *unused)
{
	int numbers[] = { 4, 3, 2, 1 };

	(void)unused;
	qsort(numbers, ARRAY_SIZE(numbers), sizeof(numbers[0]), unwind_compare);
	BEHIND();
}

/* --- */

/* What is done, and what the stacks must have, outermost first: also the names in between, where they are told. */
struct row {
	const char *name;
	void (*fn)(void *);
	void *arg;
	const char *frames[NAMES_MAX];
	int through; /* how often the function in assembler is in it */
};

static const struct row rows[] = {
	{ "many levels",
	  unwind_level,
	  (void *)(LEVELS - 1),
	  { "_start", "main", "unwind_level", "unwind_leaf" },
	  LEVELS },
	{ "a large frame",
	  unwind_large,
	  NULL,
	  { "_start", "main", "unwind_through", "unwind_large", "unwind_through", "unwind_leaf" },
	  2 },
	{ "a signal handler",
	  unwind_signalled,
	  NULL,
	  { "_start", "main", "unwind_signalled", "unwind_handler", "unwind_leaf" },
	  2 },
	{ "a callback of the C library",
	  unwind_sort,
	  NULL,
	  { "_start", "main", "unwind_sort", "unwind_compare", "unwind_leaf" },
	  2 },
};

static const struct row *row_now; /* what the child does: it is made for that */

static void do_row(int orders, int answers)
{
	signal(SIGUSR1, unwind_handler);
	while (busy_wait_for_byte(orders) >= 0) {
		if (row_now->through == LEVELS)
			row_now->fn(row_now->arg);
		else
			unwind_through(row_now->fn, row_now->arg);
		(void)!write(answers, "a", 1);
	}
}

static const char *frame_at(const json_t *stack, size_t i)
{
	const char *name = json_string_value(json_object_get(json_array_get(stack, i), "function"));

	return name ? name : "";
}

/* Are these names in it, in this order? The outermost frame is the process itself. */
static bool is_whole(const json_t *stack, const char *const *names)
{
	size_t found = 0;

	if (strcmp(frame_at(stack, 1), names[0]) != 0)
		return false;
	for (size_t i = 1; i < json_array_size(stack); i++)
		if (found < NAMES_MAX && names[found] && !strcmp(frame_at(stack, i), names[found]))
			found++;
	return found == NAMES_MAX || !names[found];
}

static int count_through(const json_t *stack)
{
	int n = 0;

	for (size_t i = 0; i < json_array_size(stack); i++)
		n += !strcmp(frame_at(stack, i), "unwind_through");
	return n;
}

/* How many of the stacks that have the leaf in them are as the row says, and not. */
static void count(const struct agent *agent, const struct row *row, int *ret_good, int *ret_bad)
{
	*ret_good = *ret_bad = 0;
	for (size_t i = 0; i < agent->n_events; i++) {
		const json_t *stack = json_object_get(agent->events[i], "stack");
		bool leaf = false;

		for (size_t k = 0; k < json_array_size(stack); k++)
			leaf |= !strcmp(frame_at(stack, k), "unwind_leaf");
		if (!leaf)
			continue;
		if (is_whole(stack, row->frames) && count_through(stack) == row->through)
			(*ret_good)++;
		else
			(*ret_bad)++;
	}
}

static void have_it_done(const struct busy *busy)
{
	char byte;

	if (write(busy->orders, "g", 1) != 1 || read(busy->answers, &byte, 1) != 1)
		tap_diag("the process does not answer");
}

/* @how: one more option, or NULL. */
static void look_at(struct agent *agent, const struct busy *busy, const char *how)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", busy->pid);
	profile_start(agent, (const char *[]){ "stacks", "-p", pid, PLACE, "-U", "--no-inlines",
					       how, NULL });
}

/* The kernel may leave a run out, and says so: then it is done again. */
static void test_work(const struct row *row, void (*work)(int orders, int answers))
{
	struct busy busy;
	struct agent agent;
	int good, bad, rounds = 0;

	row_now = row;
	busy_start(&busy, "rs-deep", work);
	do {
		look_at(&agent, &busy, NULL);
		have_it_done(&busy);
		profile_stop(&agent);
		count(&agent, row, &good, &bad);
		if (good || bad || rounds == 5 || !profile_noted(&agent, "did not run"))
			break;
		agent_done(&agent);
	} while (rounds++ < 5);
	if (!tap_ok(good && !bad, "whole: %s", row->name)) {
		tap_diag("%d whole, %d not", good, bad);
		profile_tell(&agent);
	}
	agent_done(&agent);
	busy_end(&busy);
}

/* That what is above can fail. */
static void test_pointers(void)
{
	struct busy busy;
	struct agent agent;
	int good, bad;

	row_now = &rows[0];
	busy_start(&busy, "rs-deep", do_row);
	look_at(&agent, &busy, "--no-unwind");
	have_it_done(&busy);
	profile_stop(&agent);
	count(&agent, row_now, &good, &bad);
	if (!tap_ok(!good, "frame pointers alone do not lead there"))
		profile_tell(&agent);
	agent_done(&agent);
	busy_end(&busy);
}

/* Programs that are started while we look, of files that are known: their very first stacks are whole. */
static void exec_short(int orders, int answers)
{
	while (busy_wait_for_byte(orders) >= 0) {
		for (int i = 0; i < SHORT; i++) {
			pid_t child = fork();

			if (!child) {
				execl("/proc/self/exe", "short", "leaf", NULL);
				_exit(127);
			}
			waitpid(child, NULL, 0);
		}
		(void)!write(answers, "a", 1);
	}
}

/* Where the process was gone before anybody looked, its functions have no names. */
static bool is_leaf(const json_t *stack)
{
	const char *innermost = frame_at(stack, json_array_size(stack) - 1);

	for (size_t i = 0; i < json_array_size(stack); i++)
		if (!strcmp(frame_at(stack, i), "unwind_leaf"))
			return true;
	return !strncmp(innermost, "0x", 2);
}

static bool is_broken(const json_t *stack)
{
	for (size_t i = 0; i < json_array_size(stack); i++)
		if (!strcmp(frame_at(stack, i), "[broken]"))
			return true;
	return false;
}

static void test_short(void)
{
	struct busy busy;
	struct agent agent;
	int leaves = 0, broken = 0;

	busy_start(&busy, "rs-exec", exec_short);
	look_at(&agent, &busy, "--follow");
	have_it_done(&busy);
	profile_stop(&agent);
	for (size_t i = 0; i < agent.n_events; i++) {
		const json_t *stack = json_object_get(agent.events[i], "stack");

		leaves += is_leaf(stack);
		broken += is_leaf(stack) && is_broken(stack);
	}
	if (!tap_ok((leaves >= SHORT || profile_noted(&agent, "did not run")) && !broken,
		    "whole: programs that have just been started")) {
		tap_diag("%d stacks, %d broken", leaves, broken);
		profile_tell(&agent);
	}
	agent_done(&agent);
	busy_end(&busy);
}

/* Among more mappings than anybody would list. */
static void map_many(int orders, int answers)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), n = 0;

	while (n < MANY &&
	       mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED)
		n++;
	close(fd);
	do_row(orders, n == MANY ? answers : -1);
}

static void test_many(void)
{
	struct row many = rows[1];

	many.name = "a process with thousands of mappings";
	test_work(&many, map_many);
}

static unsigned child_ms; /* the forking process is made for that, too */

/* A process that begins while we look: its first stacks may be broken, those after are whole. */
static void fork_late(int orders, int answers)
{
	while (busy_wait_for_byte(orders) >= 0) {
		pid_t child = fork();

		if (!child)
			for (;;)
				unwind_through(row_now->fn, row_now->arg);
		(void)!write(answers, "a", 1);
		busy_wait_cpu(child, child_ms);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		(void)!write(answers, "b", 1);
	}
}

static void test_late(void)
{
	const struct row late = { .fn = unwind_large,
				  .frames = { "_start", "main", "unwind_large", "unwind_leaf" },
				  .through = 2 };
	struct busy busy;
	struct agent agent;
	int good = 0, bad;
	char byte;

	row_now = &late;
	child_ms = CHILD_MS;
	for (int round = 1; !good; round++, child_ms *= 2) {
		busy_start(&busy, "rs-fork", fork_late);
		look_at(&agent, &busy, "--follow");
		have_it_done(&busy);
		if (read(busy.answers, &byte, 1) != 1)
			tap_diag("the process does not answer");
		profile_stop(&agent);
		count(&agent, &late, &good, &bad);
		if (good || round == CHILD_MOST)
			break;
		agent_done(&agent);
		busy_end(&busy);
	}
	if (!tap_ok(good > 0, "whole: a process that comes later"))
		profile_tell(&agent);
	agent_done(&agent);
	busy_end(&busy);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "leaf")) {
		unwind_through(unwind_large, NULL);
		_exit(0); /* no search for leaks */
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		test_work(&rows[i], do_row);
	test_pointers();
	test_many();
	test_short();
	test_late();
	return tap_done();
}

#else

int main(void)
{
	tap_skip("stacks without frame pointers", "this processor's are walked by frame pointers");
	return tap_done();
}

#endif
