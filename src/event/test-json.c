/* SPDX-License-Identifier: Apache-2.0 */
#include "event/testing.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/utf8.h"

static struct record r;
static struct rs_event_json *writer;
static struct rs_str line;
static struct rs_arena arena;

static int setup(void **state)
{
	static const char *const env[] = { "LANG", "EMPTY", "BARE", NULL };
	struct rs_event_host host;

	(void)state;
	rs_event_sample_host(&host);
	return rs_event_json_new(&host, env, &writer);
}

static int teardown(void **state)
{
	(void)state;
	rs_event_json_free(&writer);
	rs_str_done(&line);
	rs_arena_done(&arena);
	return 0;
}

/* An event as JSON, parsed: strict, so it also says that the line is valid. */
static const struct rs_json_value *parse(const struct rs_event *event)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_json_value *root;

	rs_str_reset(&line);
	assert_int_equal(rs_event_json_write(writer, event, &line), 0);
	assert_int_equal(line.data[line.len - 1], '\n');
	assert_null(memchr(line.data, '\n', line.len - 1));
	if (rs_json_parse(&arena, line.data, line.len, &root, &err) < 0)
		fail_msg("%s: %.*s", err.msg, (int)line.len, line.data);
	return root;
}

static const struct rs_json_value *render(void)
{
	struct rs_event event = record_event(&r);

	return parse(&event);
}

static const char *str(const struct rs_json_value *root, const char *path)
{
	return rs_json_get_str(root, path, NULL);
}

static void assert_absent(const struct rs_json_value *root, const char *path)
{
	assert_null(rs_json_get(root, path));
}

static void test_golden(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct rs_event event;
		char name[80];

		assert_int_equal(rs_event_decode(r.bytes, rs_event_sample(kind, r.bytes), &event),
				 0);
		rs_event_sample_origin(&event);
		rs_str_reset(&line);
		assert_int_equal(rs_event_json_write(writer, &event, &line), 0);
		snprintf(name, sizeof(name), "tests/golden/event/%s.json", rs_kind_to_str(kind));
		assert_file(name, &line);
	}
}

/* An event that stands for a whole life. */
static void test_life(void **state)
{
	static struct record last;
	const struct rs_json_value *root;
	struct rs_event event;

	(void)state;
	rs_event_sample(RS_KIND_EXIT, last.bytes);
	rs_event_sample(RS_KIND_EXEC, r.bytes);
	event = record_event(&r);
	rs_event_sample_origin(&event);
	event.end = (const struct rs_exit *)(const void *)last.bytes;
	rs_str_reset(&line);
	assert_int_equal(rs_event_json_write(writer, &event, &line), 0);
	assert_file("tests/golden/event/exec-life.json", &line);
	((struct rs_exit *)(void *)last.bytes)->code = 3 << 8;
	rs_event_sample(RS_KIND_FORK, r.bytes);
	event = record_event(&r);
	event.end = (const struct rs_exit *)(const void *)last.bytes;
	root = parse(&event);
	assert_string_equal(str(root, "event.action"), "fork");
	assert_string_equal(str(root, "event.type.1"), "end");
	assert_int_equal(rs_json_get_u64(root, "process.exit_code", 99), 3);
	assert_absent(root, "ringside.exit");
	assert_int_equal(rs_json_get_u64(root, "ringside.usage.cpu_ns", 0), 40000000);
	event.end = NULL;
	root = parse(&event);
	assert_int_equal(rs_json_get(root, "event.type")->len, 1);
	assert_absent(root, "process.end");
	assert_absent(root, "event.duration");
	assert_absent(root, "ringside.usage");
}

/* A record of zeros: nothing is known, and that is valid too. */
static void test_empty(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		const struct rs_json_value *root;

		record_start(&r, kind);
		root = render();
		assert_string_equal(str(root, "ringside.kind"), rs_kind_to_str(kind));
		assert_string_equal(str(root, "host.os.type"), "linux");
		assert_absent(root, "file.path");
		assert_absent(root, "process.parent");
		assert_absent(root, "ringside.syscall");
		assert_absent(root, "ringside.path");
		assert_absent(root, "user.name");
		assert_absent(root, "container");
		assert_absent(root, "orchestrator");
		assert_absent(root, "kubernetes");
		assert_absent(root, "systemd");
		assert_absent(root, "ringside.cgroup.path");
		assert_absent(root, "ringside.ancestors");
		assert_absent(root, "process.command_line");
	}
}

static void test_odd_paths(void **state)
{
	const struct rs_json_value *root;

	(void)state;
	record_start(&r, RS_KIND_RENAME);
	record_text(&r, RS_TAG_PATH, 0, "/tmp/\xff\xfe\"q\\\n.txt");
	record_text(&r, RS_TAG_PATH2, 0, "/tmp/\xc3\xa9t\xc3\xa9.\xe4\xbd\xa0");
	root = render();
	assert_true(rs_utf8_is_valid(line.data, line.len));
	assert_string_equal(str(root, "file.Ext.original.path"),
			    "/tmp/\xef\xbf\xbd\xef\xbf\xbd\"q\\\n.txt");
	assert_string_equal(str(root, "ringside.path2.bytes"), "2f746d702ffffe22715c0a2e747874");
	assert_string_equal(str(root, "file.path"), "/tmp/\xc3\xa9t\xc3\xa9.\xe4\xbd\xa0");
	assert_string_equal(str(root, "file.extension"), "\xe4\xbd\xa0");
	assert_absent(root, "ringside.path.bytes");
}

static void check_parts(const char *path, const char *name, const char *directory,
			const char *extension)
{
	const struct rs_json_value *root;

	record_start(&r, RS_KIND_UNLINK);
	record_text(&r, RS_TAG_PATH, 0, path);
	root = render();
	assert_string_equal(str(root, "file.path"), path);
	assert_string_equal(rs_json_get_str(root, "file.name", "-"), name);
	assert_string_equal(rs_json_get_str(root, "file.directory", "-"), directory);
	assert_string_equal(rs_json_get_str(root, "file.extension", "-"), extension);
}

static void test_path_parts(void **state)
{
	(void)state;
	check_parts("/a/b.tar.gz", "b.tar.gz", "/a", "gz");
	check_parts("/x", "x", "/", "-");
	check_parts("/", "-", "-", "-");
	check_parts("/a/.bashrc", ".bashrc", "/a", "-");
	check_parts("/a.d/b", "b", "/a.d", "-");
	check_parts("/a/b.", "b.", "/a", "-");
}

/* The source of a mount is written far from file.path, and what is told of it comes after it. */
static void test_odd_mount(void **state)
{
	const struct rs_json_value *root;

	(void)state;
	record_start(&r, RS_KIND_MOUNT);
	record_text(&r, RS_TAG_PATH, 0, "/mnt");
	record_text(&r, RS_TAG_PATH2, 0, "/dev/\xff");
	root = render();
	assert_string_equal(str(root, "ringside.mount.source"), "/dev/\xef\xbf\xbd");
	assert_string_equal(str(root, "ringside.path2.bytes"), "2f6465762fff");
	assert_absent(root, "ringside.path.bytes");
}

static void test_marks(void **state)
{
	const struct rs_json_value *root;

	(void)state;
	record_start(&r, RS_KIND_MOUNT)->flags = RS_HDR_KTHREAD | RS_HDR_COMPAT;
	record_text(&r, RS_TAG_PATH, RS_FIELD_CUT | RS_FIELD_DETACHED, "/mnt");
	record_text(&r, RS_TAG_ARG2, RS_FIELD_FAULT, "");
	root = render();
	assert_string_equal(str(root, "file.path"), ".../mnt");
	assert_string_equal(str(root, "ringside.truncated.0"), "path");
	assert_string_equal(str(root, "ringside.unreadable.0"), "path2.argument");
	assert_true(rs_json_get(root, "ringside.path.detached")->boolean);
	assert_absent(root, "ringside.path.deleted");
	assert_true(rs_json_get(root, "ringside.compat")->boolean);
	assert_true(rs_json_get(root, "ringside.kernel_thread")->boolean);
}

static void check_outcome(enum rs_kind kind, int32_t ret, const char *outcome, const char *error)
{
	const struct rs_json_value *root;

	record_start(&r, kind)->ret = ret;
	root = render();
	assert_string_equal(str(root, "event.outcome"), outcome);
	assert_string_equal(rs_json_get_str(root, "ringside.errno", "-"), error);
}

static void test_outcome(void **state)
{
	(void)state;
	check_outcome(RS_KIND_UNLINK, 0, "success", "-");
	check_outcome(RS_KIND_OPEN, 5, "success", "-");
	check_outcome(RS_KIND_OPEN, -ENOENT, "failure", "ENOENT");
	check_outcome(RS_KIND_CONNECT, -EINPROGRESS, "unknown", "EINPROGRESS");
	check_outcome(RS_KIND_CONNECT, -512, "unknown", "ERESTARTSYS");
	check_outcome(RS_KIND_KILL, -4000, "failure", "4000");
	check_outcome(RS_KIND_KILL, INT32_MIN, "failure", "2147483648");
}

static void test_exec(void **state)
{
	static const char args[] = "sh\0-c\0\0tab\there\0last";
	static const char env[] = "HOME=/\0LANG=C\0EMPTY=\0BARE\0LANGUAGE=x";
	const struct rs_json_value *root;

	(void)state;
	memcpy(record_start(&r, RS_KIND_EXEC)->comm, "a-long-name-for", 15);
	record_text(&r, RS_TAG_EXE, 0, "/opt/a-long-name-for-a-tool");
	record_add(&r, RS_TAG_ARGS, RS_FIELD_CUT, args, sizeof(args) - 1);
	record_add(&r, RS_TAG_ENV, 0, env, sizeof(env));
	root = render();
	assert_string_equal(str(root, "process.name"), "a-long-name-for-a-tool");
	assert_int_equal(rs_json_get(root, "process.args")->len, 5);
	assert_string_equal(str(root, "process.args.2"), "");
	assert_string_equal(str(root, "process.args.3"), "tab\there");
	assert_string_equal(str(root, "process.args.4"), "last");
	assert_string_equal(str(root, "process.command_line"), "sh -c  tab\there last");
	assert_int_equal(rs_json_get(root, "process.env_vars")->len, 3);
	assert_string_equal(str(root, "process.env_vars.0"), "LANG=C");
	assert_string_equal(str(root, "process.env_vars.1"), "EMPTY=");
	assert_string_equal(str(root, "process.env_vars.2"), "BARE");
	assert_string_equal(str(root, "ringside.truncated.0"), "args");
	/* a name that is not the executable's is left alone */
	record_start(&r, RS_KIND_EXEC);
	record_text(&r, RS_TAG_EXE, 0, "/bin/other");
	memcpy(record_hdr(&r)->comm, "a-long-name-for", 15);
	assert_string_equal(str(render(), "process.name"), "a-long-name-for");
}

static void test_exit(void **state)
{
	const struct rs_json_value *root;
	struct rs_exit *e = (struct rs_exit *)record_start(&r, RS_KIND_EXIT);

	(void)state;
	e->code = 3 << 8;
	root = render();
	assert_int_equal(rs_json_get_u64(root, "process.exit_code", 99), 3);
	assert_absent(root, "ringside.exit");
	e->code = 9;
	root = render();
	assert_absent(root, "process.exit_code");
	assert_string_equal(str(root, "ringside.exit.signal"), "SIGKILL");
	assert_false(rs_json_get(root, "ringside.exit.core_dumped")->boolean);
	e->code = 40;
	assert_string_equal(str(render(), "ringside.exit.signal"), "40");
}

static void test_sockets(void **state)
{
	static const char abstract[] = "\0bus";
	const struct rs_json_value *root;
	struct rs_net *n = (struct rs_net *)record_start(&r, RS_KIND_CLOSE);

	(void)state;
	n->family = AF_UNIX;
	n->type = SOCK_STREAM;
	record_add(&r, RS_TAG_SOCKET, 0, abstract, 4);
	root = render();
	assert_string_equal(str(root, "destination.address"), "@bus");
	assert_absent(root, "source.ip");
	assert_absent(root, "network.type");
	assert_string_equal(str(root, "ringside.socket.family"), "unix");

	n = (struct rs_net *)record_start(&r, RS_KIND_CLOSE);
	n->family = AF_INET6;
	n->protocol = 253;
	n->direction = RS_DIR_IN;
	n->local_port = 80;
	n->remote_port = 4000;
	n->sent = 5;
	n->received = 7;
	n->local[10] = n->local[11] = n->remote[10] = n->remote[11] = 0xff;
	n->local[12] = 10;
	n->remote[12] = 11;
	root = render();
	assert_string_equal(str(root, "source.ip"), "11.0.0.0");
	assert_int_equal(rs_json_get_u64(root, "source.port", 0), 4000);
	assert_int_equal(rs_json_get_u64(root, "source.bytes", 0), 7);
	assert_string_equal(str(root, "destination.ip"), "10.0.0.0");
	assert_int_equal(rs_json_get_u64(root, "destination.bytes", 0), 5);
	assert_string_equal(str(root, "network.type"), "ipv4");
	assert_string_equal(str(root, "network.transport"), "253");
	assert_string_equal(str(root, "network.direction"), "ingress");
}

static void test_actions(void **state)
{
	(void)state;
	((struct rs_net *)record_start(&r, RS_KIND_UDP))->direction = RS_DIR_IN;
	assert_string_equal(str(render(), "event.action"), "connection_accepted");
	((struct rs_privilege *)record_start(&r, RS_KIND_MODULE))->arg[0] = 1;
	assert_string_equal(str(render(), "event.action"), "unloaded-kernel-module");
}

static void test_numbers(void **state)
{
	const struct rs_json_value *root;
	struct rs_hdr *hdr = record_start(&r, RS_KIND_KILL);

	(void)state;
	hdr->seq = UINT64_MAX;
	hdr->pid = UINT32_MAX;
	hdr->uid = 12345;
	hdr->cpu = 999;
	hdr->ret = 1000;
	((struct rs_privilege *)hdr)->arg[0] = (uint64_t)-1;
	root = render();
	assert_true(rs_json_get_u64(root, "event.sequence", 0) == UINT64_MAX);
	assert_int_equal(rs_json_get_u64(root, "process.pid", 0), UINT32_MAX);
	assert_string_equal(str(root, "user.id"), "12345");
	assert_int_equal(rs_json_get_u64(root, "ringside.cpu", 0), 999);
	assert_int_equal(rs_json_get_u64(root, "ringside.result", 0), 1000);
	assert_int_equal(rs_json_get(root, "ringside.kill.pid")->i64, -1);
}

/* A `long` of the schema has a sign. */
static void test_lengths(void **state)
{
	(void)state;
	((struct rs_file *)record_start(&r, RS_KIND_TRUNCATE))->length = INT64_MAX;
	assert_true(rs_json_get_u64(render(), "file.size", 0) == INT64_MAX);
	((struct rs_file *)record_start(&r, RS_KIND_TRUNCATE))->length = (uint64_t)-1;
	assert_absent(render(), "file.size");
	((struct rs_privilege *)record_start(&r, RS_KIND_WXMAP))->arg[1] = 4096;
	assert_int_equal(rs_json_get_u64(render(), "ringside.memory.length", 0), 4096);
	((struct rs_privilege *)record_start(&r, RS_KIND_WXMAP))->arg[1] = 1ull << 63;
	assert_absent(render(), "ringside.memory.length");
}

/* An output that is full stays as it was, at whatever byte that happens. */
static void test_full_output(void **state)
{
	struct rs_event event, pod_event = { .hdr = record_start(&r, RS_KIND_CONNECT) };
	size_t whole;

	(void)state;
	rs_event_sample_origin(&pod_event);
	assert_int_equal(rs_event_decode(r.bytes, rs_event_sample(RS_KIND_EXEC, r.bytes), &event),
			 0);
	rs_event_sample_origin(&event);
	event.cgroup = pod_event.cgroup;
	rs_str_reset(&line);
	assert_int_equal(rs_event_json_write(writer, &event, &line), 0);
	whole = line.len;
	for (size_t max = 4; max < whole + 8192; max += 61) {
		_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(max);
		int error;

		rs_str_append_cstr(&out, "abc");
		error = rs_event_json_write(writer, &event, &out);
		assert_true(error == 0 || error == -ENOBUFS);
		assert_int_equal(out.len, error ? 3 : 3 + whole);
		assert_memory_equal(out.data, "abc", 3);
	}
}

/* Longest fields of the worst bytes. */
static void test_huge(void **state)
{
	static char worst[RS_PATH_MAX];

	(void)state;
	memset(worst, 0x01, sizeof(worst));
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		record_start(&r, kind);
		record_add(&r, RS_TAG_CGROUP, RS_FIELD_CUT, worst, 1024);
		for (unsigned i = 0; i < 3; i++)
			record_add(&r,
				   i == 0   ? RS_TAG_PATH
				   : i == 1 ? RS_TAG_PATH2
					    : RS_TAG_NAME,
				   RS_FIELD_CUT, worst, sizeof(worst));
		render();
	}
	memset(worst, 0, sizeof(worst));
	record_start(&r, RS_KIND_EXEC);
	record_add(&r, RS_TAG_ARGS, 0, worst, sizeof(worst));
	assert_int_equal(rs_json_get(render(), "process.args")->len, sizeof(worst));
}

/* --- whom it belongs to --- */

static struct rs_event_container container;
static struct rs_event_cgroup cgroup;
static struct rs_event owned;

static void start_owned(void)
{
	record_start(&r, RS_KIND_FORK);
	owned = record_event(&r);
	container = (struct rs_event_container){ .id = "0123" };
	cgroup = (struct rs_event_cgroup){ .path = "/x", .container = &container };
	owned.cgroup = &cgroup;
}

static void check_image(const char *image, const char *name, const char *tag, const char *hash)
{
	const struct rs_json_value *root;

	start_owned();
	container.image = image;
	root = parse(&owned);
	assert_string_equal(rs_json_get_str(root, "container.image.name", "-"), name);
	assert_string_equal(rs_json_get_str(root, "container.image.tag.0", "-"), tag);
	assert_string_equal(rs_json_get_str(root, "container.image.hash.all.0", "-"), hash);
	assert_string_equal(str(root, "container.id"), "0123");
	assert_absent(root, "kubernetes");
	assert_absent(root, "orchestrator");
}

static void test_images(void **state)
{
	(void)state;
	check_image(NULL, "-", "-", "-");
	check_image("busybox", "busybox", "-", "-");
	check_image("busybox:1.36", "busybox", "1.36", "-");
	check_image("host:5000/a/b", "host:5000/a/b", "-", "-");
	check_image("host:5000/a/b:c", "host:5000/a/b", "c", "-");
	check_image("a/b@sha256:12", "a/b", "-", "sha256:12");
	check_image("a/b:c@sha256:12", "a/b", "c", "sha256:12");
	check_image("sha256:12", "-", "-", "sha256:12");
	check_image("a:", "a", "-", "-");
	check_image("@", "", "-", "-");
	check_image("", "", "-", "-");
}

static void check_owner(const char *kind, const char *name, const char *path, const char *expected)
{
	const struct rs_json_value *root;

	container.owner_kind = kind;
	container.owner_name = name;
	root = parse(&owned);
	assert_string_equal(rs_json_get_str(root, path, "-"), expected);
	assert_string_equal(str(root, "orchestrator.resource.parent.type"), kind);
}

static void test_owners(void **state)
{
	static const struct rs_event_label label = { "pod-template-hash", "5b7" };

	(void)state;
	start_owned();
	container.pod_uid = "u-1";
	check_owner("DaemonSet", "d", "kubernetes.daemonset.name", "d");
	check_owner("StatefulSet", "s", "kubernetes.statefulset.name", "s");
	check_owner("Job", "j", "kubernetes.job.name", "j");
	check_owner("CronJob", "c", "kubernetes.cronjob.name", "c");
	check_owner("Deployment", "e", "kubernetes.deployment.name", "e");
	check_owner("ReplicaSet", "r-5b7", "kubernetes.replicaset.name", "r-5b7");
	check_owner("ReplicaSet", "r-5b7", "kubernetes.deployment.name", "-");
	check_owner("Other", "o", "kubernetes.replicaset.name", "-");
	container.labels = &label;
	container.n_labels = 1;
	check_owner("ReplicaSet", "r-5b7", "kubernetes.deployment.name", "r");
	check_owner("ReplicaSet", "r-5b8", "kubernetes.deployment.name", "-");
	check_owner("ReplicaSet", "-5b7", "kubernetes.deployment.name", "-");
	assert_string_equal(str(parse(&owned), "orchestrator.resource.id"), "u-1");
}

/* Keys are not ours: what would be the same name twice is written once. */
static void test_labels(void **state)
{
	static const struct rs_event_label labels[] = {
		{ "a.b", "1" },          { "a_b", "2" }, { "", "3" },
		{ "\xff\"\n.", "\xff" }, { "a.b", "4" }, { "a", "5" },
	};
	static struct rs_event_label many[200];
	static char keys[200][8], worst[4000];
	const struct rs_json_value *root;

	(void)state;
	start_owned();
	container.labels = labels;
	container.n_labels = ARRAY_SIZE(labels);
	root = parse(&owned);
	assert_int_equal(rs_json_get(root, "container.labels")->len, 3);
	assert_string_equal(str(root, "container.labels.a_b"), "1");
	assert_string_equal(str(root, "container.labels.a"), "5");
	assert_string_equal(str(root, "container.labels.\xef\xbf\xbd\"\n_"), "\xef\xbf\xbd");
	container.n_labels = 0;
	assert_absent(parse(&owned), "container.labels");
	assert_absent(parse(&owned), "ringside.container");
	container.owner = 1000;
	assert_string_equal(str(parse(&owned), "ringside.container.owner.id"), "1000");
	container.owner = 0;
	memset(worst, 1, sizeof(worst) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
		many[i] = (struct rs_event_label){ keys[i], worst };
	}
	container.labels = many;
	container.n_labels = ARRAY_SIZE(many);
	container.namespace = "n";
	root = parse(&owned);
	assert_int_equal(rs_json_get(root, "kubernetes.labels")->len, 64);
	assert_absent(root, "container.labels");
}

static void test_ancestors(void **state)
{
	static struct rs_event_ancestor chain[RS_EVENT_ANCESTORS_MAX + 8];
	const struct rs_json_value *root;

	(void)state;
	start_owned();
	for (size_t i = 0; i < ARRAY_SIZE(chain); i++)
		chain[i] = (struct rs_event_ancestor){
			.pid = UINT32_MAX - (uint32_t)i,
			.start = i,
			.name = i == 1   ? "kernel-worker-1"
				: i == 2 ? NULL
					 : "n\"",
			.executable = i == 1 ? "/bin/kernel-worker-10" : NULL,
		};
	owned.ancestors = chain;
	owned.n_ancestors = ARRAY_SIZE(chain);
	root = parse(&owned);
	assert_int_equal(rs_json_get(root, "ringside.ancestors.pid")->len, RS_EVENT_ANCESTORS_MAX);
	assert_int_equal(rs_json_get(root, "ringside.ancestors.name")->len, RS_EVENT_ANCESTORS_MAX);
	assert_int_equal(rs_json_get(root, "ringside.ancestors.entity_id")->len,
			 RS_EVENT_ANCESTORS_MAX);
	assert_int_equal(rs_json_get_u64(root, "ringside.ancestors.pid.3", 0), UINT32_MAX - 3);
	assert_string_equal(str(root, "ringside.ancestors.name.0"), "n\"");
	assert_string_equal(str(root, "ringside.ancestors.name.1"), "kernel-worker-10");
	assert_string_equal(str(root, "ringside.ancestors.name.2"), "");
}

static void test_boot_offset(void **state)
{
	(void)state;
	record_start(&r, RS_KIND_FORK)->time = 5;
	rs_event_json_set_boot_offset(writer, 1000000000);
	assert_string_equal(str(render(), "@timestamp"), "1970-01-01T00:00:01.000000005Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),      cmocka_unit_test(test_life),
		cmocka_unit_test(test_empty),       cmocka_unit_test(test_odd_paths),
		cmocka_unit_test(test_path_parts),  cmocka_unit_test(test_odd_mount),
		cmocka_unit_test(test_marks),       cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_exec),        cmocka_unit_test(test_exit),
		cmocka_unit_test(test_sockets),     cmocka_unit_test(test_actions),
		cmocka_unit_test(test_numbers),     cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_full_output), cmocka_unit_test(test_huge),
		cmocka_unit_test(test_images),      cmocka_unit_test(test_owners),
		cmocka_unit_test(test_labels),      cmocka_unit_test(test_ancestors),
		cmocka_unit_test(test_boot_offset),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
