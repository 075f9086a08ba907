/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "event/names.h"

static void test_cpu_time(void **state)
{
	struct rs_exit e = { .runtime = 1000 };
	uint64_t user, system;

	(void)state;
	rs_event_cpu_time(&e, &user, &system);
	assert_int_equal(user, 1000);
	assert_int_equal(system, 0);
	e.stime = 4;
	rs_event_cpu_time(&e, &user, &system);
	assert_int_equal(user, 0);
	assert_int_equal(system, 1000);
	e.utime = 12;
	rs_event_cpu_time(&e, &user, &system);
	assert_int_equal(user, 750);
	assert_int_equal(system, 250);
	e = (struct rs_exit){ .runtime = UINT64_MAX, .utime = UINT64_MAX, .stime = UINT64_MAX };
	rs_event_cpu_time(&e, &user, &system);
	assert_true(user + system == UINT64_MAX);
}

static void check_addr(const char *text)
{
	char buf[RS_EVENT_ADDR_MAX + 1] = "";
	uint8_t addr[16] = { 0 };
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, text, addr), 1);
	buf[rs_event_format_addr((unsigned)family, addr, buf)] = '\0';
	assert_string_equal(buf, text);
}

static void test_addresses(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
	char buf[RS_EVENT_ADDR_MAX + 1] = "";

	(void)state;
	check_addr("0.0.0.0");
	check_addr("255.255.255.255");
	check_addr("10.0.0.1");
	check_addr("::");
	check_addr("::1");
	check_addr("1::");
	check_addr("fe80::1");
	check_addr("2001:db8:0:1:1:1:1:1");
	check_addr("2001:db8::1:0:0:1");
	check_addr("1:0:0:2::3");
	check_addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	buf[rs_event_format_addr(AF_INET6, mapped, buf)] = '\0';
	assert_string_equal(buf, "192.0.2.1");
}

/* Ids are stored by others: they must not change. */
static void test_entity_id(void **state)
{
	struct rs_entity_key key, other;
	char id[RS_ENTITY_ID_LEN + 1] = "", again[RS_ENTITY_ID_LEN + 1] = "";

	(void)state;
	rs_entity_key_init(&key, "0b3d4c5e-6f70-4812-93a4-b5c6d7e8f901");
	rs_entity_key_init(&other, "0b3d4c5e-6f70-4812-93a4-b5c6d7e8f902");
	rs_entity_id(&key, 4242, 4988000000000, id);
	assert_string_equal(id, "VhwsntwNnUNAO0HFeoHeJG");
	rs_entity_id(&key, 4243, 4988000000000, again);
	assert_string_not_equal(id, again);
	rs_entity_id(&key, 4242, 4988000000001, again);
	assert_string_not_equal(id, again);
	rs_entity_id(&other, 4242, 4988000000000, again);
	assert_string_not_equal(id, again);
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, RS_ENTITY_ID_LEN);
}

static void test_entity_ids_differ(void **state)
{
	enum { COUNT = 20000 };
	char(*ids)[RS_ENTITY_ID_LEN] = calloc(COUNT, sizeof(*ids));
	struct rs_entity_key key;

	(void)state;
	assert_non_null(ids);
	rs_entity_key_init(&key, "");
	for (uint32_t i = 0; i < COUNT; i++)
		rs_entity_id(&key, i % 200, 10000000ull * (i / 200), ids[i]);
	qsort(ids, COUNT, sizeof(*ids), compare_ids);
	for (uint32_t i = 1; i < COUNT; i++)
		assert_memory_not_equal(ids[i - 1], ids[i], RS_ENTITY_ID_LEN);
	free(ids);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(rs_name_errno(2), "ENOENT");
	assert_string_equal(rs_name_errno(512), "ERESTARTSYS");
	assert_null(rs_name_errno(0));
	assert_null(rs_name_errno(-2));
	assert_null(rs_name_errno(100000));
	assert_string_equal(rs_name_signal(15), "SIGTERM");
	assert_null(rs_name_signal(0));
	assert_null(rs_name_signal(64));
	assert_null(rs_name_syscall(-1, false));
	assert_null(rs_name_syscall(1 << 30, false));
	assert_null(rs_name_syscall(1 << 30, true));
#ifdef __x86_64__
	assert_string_equal(rs_name_syscall(257, false), "openat");
	assert_string_equal(rs_name_syscall(295, true), "openat");
	assert_string_equal(rs_name_syscall(11, true), "execve");
#endif
	assert_string_equal(rs_name_capability(21), "CAP_SYS_ADMIN");
	assert_null(rs_name_capability(63));
	assert_string_equal(rs_name_bpf_type(5, 2), "kprobe");
	assert_string_equal(rs_name_bpf_type(0, 27), "ringbuf");
	assert_null(rs_name_bpf_type(9, 2));
	assert_string_equal(rs_name_protocol(132), "sctp");
	assert_string_equal(rs_name_hook(RS_HOOK_URING), "io_uring");
	assert_string_equal(rs_name_namespace(RS_NS_CGROUP), "cgroup");
}

static void test_flags(void **state)
{
	struct rs_flags set = rs_name_flags(RS_KIND_UMOUNT);
	uint64_t rest = 0;
	size_t pos = 0;

	(void)state;
	assert_string_equal(rs_name_flags_next(&set, 0x102, &pos, &rest), "MNT_DETACH");
	assert_null(rs_name_flags_next(&set, 0x102, &pos, &rest));
	assert_int_equal(rest, 0x100);
	assert_null(rs_name_flags(RS_KIND_FORK).flags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_time),  cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_entity_id), cmocka_unit_test(test_entity_ids_differ),
		cmocka_unit_test(test_names),     cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
