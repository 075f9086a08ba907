/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer, on a file laid out as the kernel lays out the map. */
#include "kern/ring.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#include "base/fd.h"

struct fake {
	size_t page;
	int fd;
	uint8_t *map; /* consumer's page, producer's page, the data twice */
	struct rs_ring *ring;
};

static unsigned long *consumer(struct fake *fake)
{
	return (unsigned long *)(void *)fake->map;
}

static unsigned long *producer(struct fake *fake)
{
	return (unsigned long *)(void *)(fake->map + fake->page);
}

/* One record of eight bytes. */
static void produce(struct fake *fake, uint64_t value, uint32_t flags)
{
	uint32_t len = sizeof(value) | flags;
	uint8_t *at = fake->map + 2 * fake->page + *producer(fake);

	memcpy(at, &len, sizeof(len));
	memcpy(at + BPF_RINGBUF_HDR_SZ, &value, sizeof(value));
	*producer(fake) += BPF_RINGBUF_HDR_SZ + sizeof(value);
}

static int setup(void **state)
{
	static struct fake fake;
	size_t bytes;

	fake = (struct fake){ .page = (size_t)sysconf(_SC_PAGESIZE) };
	bytes = 4 * fake.page;
	fake.fd = memfd_create("ring", MFD_CLOEXEC);
	if (fake.fd < 0 || ftruncate(fake.fd, (off_t)bytes))
		return -1;
	fake.map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fake.fd, 0);
	if (fake.map == MAP_FAILED)
		return -1;
	*state = &fake;
	return rs_ring_open(fake.fd, fake.page, NULL, &fake.ring, NULL);
}

static int teardown(void **state)
{
	struct fake *fake = *state;

	rs_ring_close(&fake->ring);
	munmap(fake->map, 4 * fake->page);
	rs_cleanup_close(&fake->fd);
	return 0;
}

struct taken {
	uint64_t value[8];
	size_t n;
	uint64_t odd; /* the value at which to return what follows, once */
	int ret;
};

static int take(void *arg, const void *record, size_t size)
{
	struct taken *taken = arg;
	uint64_t value;

	assert_int_equal(size, sizeof(value));
	memcpy(&value, record, sizeof(value));
	assert_true(taken->n < 8);
	taken->value[taken->n++] = value;
	if (value != taken->odd)
		return 0;
	taken->odd = 0;
	return taken->ret;
}

static void test_all(void **state)
{
	struct fake *fake = *state;
	struct taken taken = { 0 };
	size_t count;

	produce(fake, 1, 0);
	produce(fake, 2, BPF_RINGBUF_DISCARD_BIT);
	produce(fake, 3, 0);
	produce(fake, 4, BPF_RINGBUF_BUSY_BIT);
	produce(fake, 5, 0);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 0, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(taken.n, 2);
	assert_int_equal(taken.value[1], 3);
	assert_int_equal(rs_ring_pending(fake->ring), 32);
	assert_int_equal(rs_ring_consumed(fake->ring), 48);
}

static void test_stop(void **state)
{
	struct fake *fake = *state;
	struct taken taken = { .odd = 2, .ret = 1 };
	size_t count;

	for (uint64_t i = 1; i <= 3; i++)
		produce(fake, i, 0);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 0, &count), 1);
	assert_int_equal(count, 2);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 0, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(taken.value[2], 3);
}

static void test_leave(void **state)
{
	struct fake *fake = *state;
	struct taken taken = { .odd = 2, .ret = RS_RING_LEAVE };
	size_t count;

	for (uint64_t i = 1; i <= 3; i++)
		produce(fake, i, 0);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 0, &count), RS_RING_LEAVE);
	assert_int_equal(count, 1);
	assert_int_equal(*consumer(fake), 16);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 0, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(taken.n, 4);
	assert_int_equal(taken.value[1], 2);
	assert_int_equal(taken.value[2], 2);
	assert_int_equal(taken.value[3], 3);
	assert_int_equal(rs_ring_pending(fake->ring), 0);
}

static void test_leave_first(void **state)
{
	struct fake *fake = *state;
	struct taken taken = { .odd = 1, .ret = RS_RING_LEAVE };
	size_t count = 9;

	produce(fake, 1, 0);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 1, &count), RS_RING_LEAVE);
	assert_int_equal(count, 0);
	assert_int_equal(rs_ring_consume(fake->ring, take, &taken, 1, &count), 0);
	assert_int_equal(count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_stop),
		TEST(test_leave),
		TEST(test_leave_first),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
