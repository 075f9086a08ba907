/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/traced.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/testing-usdt.h"
#include "tests/kernel/lib/tap.h"

volatile uint64_t traced_word;

const char *traced_self(void)
{
	static char path[4096];
	ssize_t n;

	if (!*path) {
		n = readlink("/proc/self/exe", path, sizeof(path) - 1);
		path[MAX(n, 0)] = '\0';
	}
	return path;
}

/* --- functions --- */

__attribute__((noinline)) long traced_seven(int a, long b, const char *text,
					    const struct traced_pair *pair, short e,
					    unsigned char f, long on_stack)
{
	__asm__ volatile("" ::"r"(text), "r"(pair) : "memory");
	return a + b + e + f + on_stack;
}

__attribute__((noinline)) int traced_inner(int depth)
{
	__asm__ volatile("" : "+r"(depth)::"memory");
	return depth * 2;
}

__attribute__((noinline)) int traced_outer(int depth)
{
	int r = traced_inner(depth + 1);

	__asm__ volatile("" : "+r"(r)::"memory");
	return r + 1;
}

#if defined(__x86_64__)
__asm__(".text\n"
	".globl traced_steps\n"
	".type traced_steps, @function\n"
	"traced_steps:\n"
	"nop\n"
	"nop\n"
	"nop\n"
	"ret\n"
	".size traced_steps, . - traced_steps\n");
#else
void traced_steps(void)
{
	__asm__ volatile("nop\nnop\nnop\n");
}
#endif

static void do_functions(void)
{
	static struct traced_pair second = { .number = 22, .name = "second" };
	const struct traced_pair pair = { .number = -11,
					  .name = "first",
					  .low = 5,
					  .high = 300,
					  .next = &second,
					  .table = { { 1, 2, 3 }, { 4, 5, 6 } } };

	traced_seven(-1, 1L << 40, "a text", &pair, -5, 200, 77);
	traced_outer(20);
	traced_steps();
}

static void do_steps(void)
{
	for (int i = 0; i < 1000; i++)
		traced_steps();
}

/* --- USDT --- */

__attribute__((used)) volatile uint64_t traced_counter = 4711;
__attribute__((used, section(".probes"))) volatile unsigned short traced_semaphore;

#if defined(__x86_64__)
/* Registers of all sizes, constants, memory with and without a displacement, an index, a symbol. */
static void usdt_forms(void)
{
	static const int32_t table[] = { -100, -200, -300 };

	TESTING_USDT_WITH("traced", "registers", "-4@%%edi 8@%%rsi 2@%%dx -1@%%cl 1@%%cl", "0",
			  "D"(-7), "S"(1L << 40), "d"(0x12345), "c"(0xff));
	TESTING_USDT_WITH("traced", "constants", "-4@$-9 8@$77 -8@$-1", "0", "D"(0));
	TESTING_USDT_WITH("traced", "memory",
			  "-4@(%%rsi) -4@4(%%rsi) -4@-4(%%rdi) -4@(%%rsi,%%rcx,4)", "0", "S"(table),
			  "D"(table + 1), "c"(2L), "m"(table));
	TESTING_USDT_WITH("traced", "symbol", "8@traced_counter(%%rip)", "0", "m"(traced_counter));
}
#else
static void usdt_forms(void)
{
}
#endif

static void usdt_text(const char *text)
{
#if defined(__x86_64__)
	TESTING_USDT_WITH("traced", "text", "8@%%rdi", "0", "D"(text));
#endif
	__asm__ volatile("" ::"r"(text));
}

static void do_usdt(void)
{
	usdt_forms();
	usdt_text("from a note");
	TESTING_USDT("traced", "twice", "4@$1", "0");
	TESTING_USDT("traced", "twice", "4@$2", "0");
	if (traced_semaphore)
		TESTING_USDT("traced", "counted", "4@$33", "traced_semaphore");
}

/* --- what the kernel does for us --- */

/* Punches a hole, and fails to do what nobody can. */
static void do_fallocate(void)
{
	int fd = memfd_create("traced", MFD_CLOEXEC);

	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192);
	(void)!fallocate(fd, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE, 0, 4096);
	close(fd);
}

static void do_getpgid(void)
{
	getpgid(0);
	getpgid(0x3ffffff);
}

static void do_exec(void)
{
	execl(traced_self(), "traced", "nothing", "two words", NULL);
}

static void do_nothing(void)
{
}

/* A path longer than scripts' strings. */
static void do_open(void)
{
	static char name[3000];

	(void)!open("/nonexistent/short", O_RDONLY);
	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, "/nonexistent/", 13);
	(void)!open(name, O_RDONLY);
}

/* Most of its time in here. */
static __attribute__((noinline)) void traced_spin(void)
{
	struct timespec now, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	end.tv_sec += (end.tv_nsec + 300000000) / 1000000000;
	end.tv_nsec = (end.tv_nsec + 300000000) % 1000000000;
	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while (now.tv_sec < end.tv_sec ||
		 (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

static void do_fault(void)
{
	char *pages = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	for (int i = 0; pages != MAP_FAILED && i < 64; i++)
		((volatile char *)pages)[i * 4096] = 1;
}

static void *be_thread(void *arg)
{
	(void)arg;
	getpgid(0);
	return NULL;
}

static void do_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, be_thread, NULL))
		pthread_join(thread, NULL);
}

static void do_signal(void)
{
	signal(SIGUSR2, SIG_IGN);
	kill(getpid(), SIGUSR2);
}

static void do_word(void)
{
	for (int i = 0; i < 5; i++)
		traced_word = (uint64_t)i;
}

/* A request that the loop module does not know. */
static void do_loop(void)
{
	int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		ioctl(fd, 0x4c99, 5);
	close(fd);
}

/* Two parts of memory in one call, whose addresses are in an array of structs. */
static void do_writev(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char one[] = "one", three[] = "three";
	const struct iovec parts[] = { { one, sizeof(one) }, { three, sizeof(three) } };

	(void)!writev(fd, parts, 2);
	close(fd);
}

static void on_term(int signal)
{
	_exit(signal == SIGTERM ? 0 : 1);
}

/* Who spins does so for as long as it stays: how many samples are made of that time is not for us to say. */
static void act_and_linger(void (*act)(void))
{
	signal(SIGTERM, on_term);
	act();
	while (act == traced_spin)
		act();
	for (;;)
		pause();
}

int traced_deed(const char *word, bool stay)
{
	static const struct {
		const char *word;
		void (*act)(void);
	} deeds[] = {
		{ "nothing", do_nothing }, { "functions", do_functions }, { "steps", do_steps },
		{ "usdt", do_usdt },       { "fallocate", do_fallocate }, { "getpgid", do_getpgid },
		{ "exec", do_exec },       { "open", do_open },           { "spin", traced_spin },
		{ "fault", do_fault },     { "thread", do_thread },       { "signal", do_signal },
		{ "loop", do_loop },       { "writev", do_writev },       { "word", do_word },
	};

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (!strcmp(deeds[i].word, word)) {
			if (stay)
				act_and_linger(deeds[i].act);
			deeds[i].act();
			return 0;
		}
	}
	return 2;
}
