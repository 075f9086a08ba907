/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/kube.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/units.h"
#include "enrich/kube-child.h"
#include "enrich/kube-pods.h"

#define ARGS_MAX       16
#define READ_SIZE      16384
#define READS_MAX      16 /* in one turn of the loop, so that a flood leaves time for others */
#define DELAY_FIRST_NS RS_NSEC_PER_SEC
#define DELAY_MAX_NS   (60 * RS_NSEC_PER_SEC)

struct rs_kube {
	struct rs_loop *loop;
	struct rs_kube_pods *pods;
	char *argv[ARGS_MAX + 1]; /* owned */
	char *envp[ARGS_MAX + 1]; /* owned */
	pid_t pid;                /* 0: none runs */
	int fd;                   /* -1: the same */
	struct rs_loop_source *source;
	struct rs_loop_source *restart; /* timer: when to start it again */
	struct rs_loop_source *later;   /* timer: when to pass a question on */
	uint64_t delay;                 /* before the next start, ns */
	uint64_t asked;                 /* monotonic ns of the last question, 0: none */
	bool waiting;                   /* a question waits for its time */
	uint64_t restarts;
	struct rs_str line; /* what came of the line that is not whole yet */
	bool skip;          /* the rest of a line that is too long */
	int (*news)(void *data);
	void *news_data;
};

/* --- command line and environment --- */

static int add_string(char **list, char *text)
{
	size_t n = 0;

	while (list[n])
		n++;
	if (!text || n >= ARGS_MAX) {
		free(text);
		return text ? -E2BIG : -ENOMEM;
	}
	list[n] = text;
	return 0;
}

static int add_option(struct rs_kube *kube, const char *name, const char *value)
{
	int r = value ? add_string(kube->argv, strdup(name)) : 0;

	return !r && value ? add_string(kube->argv, strdup(value)) : r;
}

static int make_args(struct rs_kube *kube, const struct rs_kube_options *options,
		     const char *program)
{
	int r = add_string(kube->argv, strdup(program));

	if (!r)
		r = add_option(kube, "--source",
			       options->source == RS_KUBE_API ? "api" : "kubelet");
	if (!r)
		r = add_option(kube, "--url", options->url);
	if (!r)
		r = add_option(kube, "--token", options->token);
	if (!r)
		r = add_option(kube, "--ca", options->ca);
	if (!r)
		r = add_option(kube, "--node", options->node);
	if (!r && options->insecure)
		r = add_string(kube->argv, strdup("--insecure"));
	return r;
}

static int make_environment(struct rs_kube *kube)
{
	static const char *const names[] = { "NODE_NAME", "KUBERNETES_SERVICE_HOST",
					     "KUBERNETES_SERVICE_PORT", "SSL_CERT_FILE",
					     "SSL_CERT_DIR" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !r; i++) {
		const char *value = getenv(names[i]);
		char *text = NULL;

		if (!value)
			continue;
		if (asprintf(&text, "%s=%s", names[i], value) < 0)
			text = NULL;
		r = add_string(kube->envp, text);
	}
	return r;
}

/* Beside our own executable, or where it is installed to. */
static int find_program(char path[static PATH_MAX + 64], struct rs_error *err)
{
	static const char *const places[] = { "ringside-kube",
					      "../libexec/ringside/ringside-kube" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return rs_error_set_errno(err, -errno, "reading \"/proc/self/exe\"");
	self[n] = '\0';
	strrchr(self, '/')[1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, PATH_MAX + 64, "%s%s", self, places[i]);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return rs_error_set(err, -ENOENT, "there is no ringside-kube in \"%s\" or \"%s%s\"", self,
			    self, "../libexec/ringside");
}

/* --- its life --- */

static int on_readable(struct rs_loop *loop, int fd, uint32_t events, void *data);

static int start(struct rs_kube *kube, struct rs_error *err)
{
	int r = rs_kube_child_start(kube->argv, kube->envp, &kube->pid, &kube->fd, err);

	if (r < 0)
		return r;
	rs_str_reset(&kube->line);
	kube->skip = false;
	kube->asked = 0;
	return rs_loop_add_fd(kube->loop, kube->fd, EPOLLIN, on_readable, kube, &kube->source, err);
}

static void stop(struct rs_kube *kube, char *buf, size_t size)
{
	rs_loop_remove(&kube->source);
	rs_cleanup_close(&kube->fd);
	if (kube->pid > 0)
		rs_kube_child_end(kube->pid, buf, size);
	kube->pid = 0;
}

/* It ended, or closed its output, which is the same to us. */
static int on_end(struct rs_kube *kube)
{
	char how[64] = "", problem[128];
	uint64_t delay = kube->delay;

	stop(kube, how, sizeof(how));
	snprintf(problem, sizeof(problem), "ringside-kube ended: %s", how);
	rs_kube_pods_lost(kube->pods, problem);
	kube->delay = MIN(delay * 2, DELAY_MAX_NS);
	return rs_loop_set_timer(kube->restart, delay, 0);
}

static int on_restart(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_kube *kube = data;

	(void)loop;
	(void)expirations;
	kube->restarts++;
	if (start(kube, &err) < 0)
		return on_end(kube);
	return 0;
}

/* --- what it writes --- */

static void take_line(struct rs_kube *kube, const char *line, size_t n)
{
	struct rs_kube_stats stats;

	if (rs_kube_pods_line(kube->pods, line, n) < 0)
		return;
	rs_kube_pods_stats(kube->pods, &stats);
	if (stats.synced) /* it does its work: should it end, it may come back soon */
		kube->delay = DELAY_FIRST_NS;
}

/* Keeps a piece of a line; one that grows too long is thrown away to its end. */
static void keep_piece(struct rs_kube *kube, const char *piece, size_t n)
{
	if (kube->skip || rs_str_append(&kube->line, piece, n) == 0)
		return;
	kube->skip = true;
	rs_str_reset(&kube->line);
	rs_kube_pods_refuse(kube->pods);
}

static void take_bytes(struct rs_kube *kube, const char *bytes, size_t n)
{
	const char *end;

	for (; (end = memchr(bytes, '\n', n)) != NULL;
	     n -= (size_t)(end + 1 - bytes), bytes = end + 1) {
		keep_piece(kube, bytes, (size_t)(end - bytes));
		if (!kube->skip)
			take_line(kube, kube->line.data, kube->line.len);
		rs_str_reset(&kube->line);
		kube->skip = false;
	}
	if (n)
		keep_piece(kube, bytes, n);
}

static int tell_news(struct rs_kube *kube, uint64_t version_before)
{
	if (!kube->news || rs_kube_pods_version(kube->pods) == version_before)
		return 0;
	return kube->news(kube->news_data);
}

static int on_readable(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_kube *kube = data;
	uint64_t version = rs_kube_pods_version(kube->pods);
	char buf[READ_SIZE];
	ssize_t n = 1;
	int r = 0;

	(void)loop;
	(void)events;
	for (int i = 0; i < READS_MAX && n > 0; i++) {
		n = read(fd, buf, sizeof(buf));
		if (n > 0)
			take_bytes(kube, buf, (size_t)n);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		r = on_end(kube);
	return r < 0 ? r : tell_news(kube, version);
}

/* --- questions to it --- */

static void pass_on(struct rs_kube *kube)
{
	kube->waiting = false;
	kube->asked = rs_clock_mono();
	/* One that is not read is one of many: whoever does not read them has some left. */
	if (kube->fd >= 0)
		(void)!send(kube->fd, "again\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int on_later(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)loop;
	(void)expirations;
	pass_on(data);
	return 0;
}

void rs_kube_ask(struct rs_kube *kube)
{
	uint64_t since = rs_clock_mono() - kube->asked;

	if (kube->waiting || kube->fd < 0)
		return;
	if (!kube->asked || since >= RS_KUBE_ASK_NS)
		pass_on(kube);
	else
		kube->waiting = rs_loop_set_timer(kube->later, RS_KUBE_ASK_NS - since, 0) == 0;
}

/* --- the object --- */

void rs_kube_free(struct rs_kube **ref)
{
	struct rs_kube *kube = *ref;
	char how[64];

	if (!kube)
		return;
	stop(kube, how, sizeof(how));
	rs_loop_remove(&kube->restart);
	rs_loop_remove(&kube->later);
	rs_kube_pods_free(&kube->pods);
	rs_str_done(&kube->line);
	for (size_t i = 0; i < ARGS_MAX; i++) {
		free(kube->argv[i]);
		free(kube->envp[i]);
	}
	free(kube);
	*ref = NULL;
}

static int prepare(struct rs_kube *kube, const struct rs_kube_options *options,
		   struct rs_error *err)
{
	char path[PATH_MAX + 64];
	int r;

	if (options->program) {
		if (access(options->program, X_OK) < 0)
			return rs_error_set_errno(err, -errno, "starting \"%s\"", options->program);
	} else {
		r = find_program(path, err);
		if (r < 0)
			return r;
	}
	r = make_args(kube, options, options->program ? options->program : path);
	if (!r)
		r = make_environment(kube);
	if (r < 0)
		return rs_error_set_errno(err, r, "preparing ringside-kube");
	r = rs_kube_pods_new(&kube->pods, err);
	if (!r)
		r = rs_loop_add_timer(kube->loop, 0, 0, on_restart, kube, &kube->restart, err);
	if (!r)
		r = rs_loop_add_timer(kube->loop, 0, 0, on_later, kube, &kube->later, err);
	return r;
}

int rs_kube_new(const struct rs_kube_options *options, struct rs_loop *loop,
		struct rs_kube **ret_kube, struct rs_error *err)
{
	_cleanup_(rs_kube_free) struct rs_kube *kube = calloc(1, sizeof(*kube));
	int r;

	if (!kube)
		return rs_error_set_errno(err, -ENOMEM, "preparing the list of pods");
	kube->loop = loop;
	kube->fd = -1;
	kube->delay = DELAY_FIRST_NS;
	rs_str_init(&kube->line, RS_KUBE_LINE_MAX);
	if (options->source == RS_KUBE_NONE)
		return rs_error_set(err, -EINVAL, "no source of pods is given");
	r = prepare(kube, options, err);
	if (!r)
		r = start(kube, err);
	if (r < 0)
		return r;
	*ret_kube = TAKE_PTR(kube);
	return 0;
}

void rs_kube_set_news(struct rs_kube *kube, int (*fn)(void *data), void *data)
{
	kube->news = fn;
	kube->news_data = data;
}

const struct rs_kube_pod *rs_kube_find(const struct rs_kube *kube, const char *pod_uid)
{
	return rs_kube_pods_find(kube->pods, pod_uid);
}

const struct rs_kube_pod *rs_kube_find_container(const struct rs_kube *kube, const char *id)
{
	return rs_kube_pods_find_container(kube->pods, id);
}

uint64_t rs_kube_version(const struct rs_kube *kube)
{
	return rs_kube_pods_version(kube->pods);
}

void rs_kube_stats(const struct rs_kube *kube, struct rs_kube_stats *ret_stats)
{
	rs_kube_pods_stats(kube->pods, ret_stats);
	ret_stats->restarts = kube->restarts;
}
