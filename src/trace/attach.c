/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "kern/bpfcall.h"
#include "kern/cpus.h"
#include "trace/refuse.h"
#include "trace/session.h"

#define PIN_ROOT "/sys/fs/bpf/"

/* --- loading --- */

static int kernel_function(void *ctx, const char *name)
{
	return rs_trace_kernel_function(ctx, name);
}

/* What the kernel said, behind -v. */
static void show_log(const struct rs_trace_session *session, const struct rs_probe *probe,
		     const struct rs_str *log)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	if (!session->options->verbose || !log->len)
		return;
	rs_str_appendf(&out, "The kernel's log for %s:\n", probe->name);
	rs_str_append(&out, log->data, log->len);
	rs_str_append_char(&out, '\n');
	rs_fd_write_all(STDERR_FILENO, out.data, out.len);
}

static int load_one(struct rs_trace_session *session, const struct rs_trace_loader *loader,
		    unsigned i, struct rs_error *err)
{
	const struct rs_probe *probe = session->script.program->probes[i];
	struct rs_trace_loaded *loaded = &session->loaded[i];
	bool once = probe->type == RS_PROGRAM_ONCE;
	_cleanup_(rs_str_done) struct rs_str log = RS_STR_INIT(0);
	int r = 0;

	if (!once)
		r = rs_probe_plan(rs_trace_source_probes(session->source), probe, &loaded->plan,
				  err);
	if (r < 0)
		return r;
	r = rs_trace_load(loader, probe, once ? NULL : &loaded->plan, &loaded->fd, &log);
	if (r >= 0)
		return 0;
	show_log(session, probe, &log);
	rs_trace_refused(session->script.diags, session->script.program, probe, r,
			 log.data ? log.data : "", log.len);
	return r;
}

/* All of them are tried, so that one run tells all that is refused. */
int rs_trace_load_all(struct rs_trace_session *session, struct rs_error *err)
{
	const struct rs_program *program = session->script.program;
	const struct rs_trace_loader loader = {
		.program = program,
		.maps = &session->maps,
		.kernel_function = kernel_function,
		.ctx = rs_trace_source_btf(session->source),
	};
	unsigned first = session->script.diags->n;
	int failed = 0;

	session->loaded = malloc((program->n_probes + 1) * sizeof(*session->loaded));
	if (!session->loaded)
		return rs_error_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < program->n_probes; i++)
		session->loaded[i] = (struct rs_trace_loaded){ .fd = -1,
							       .plan = { .attach_btf_fd = -1 } };
	for (unsigned i = 0; i < program->n_probes && failed != -EINTR; i++) {
		int r = load_one(session, &loader, i, err);

		if (r < 0 && !failed)
			failed = r;
		if (r < 0 && err && err->code)
			break;
	}
	if (session->script.diags->n == first)
		return failed;
	rs_trace_show_diags(session->options, session->script.diags, first);
	return failed == -EPERM ? -EPERM : -EINVAL;
}

/* --- programs that we run --- */

int rs_trace_run_once(struct rs_trace_session *session, enum rs_provider provider, const char *name,
		      struct rs_error *err)
{
	const struct rs_program *program = session->script.program;
	uint64_t args[12] = { 0 }; /* as a raw tracepoint has them */
	uint32_t result;
	int n = 0;

	for (unsigned i = 0; i < program->n_probes; i++) {
		const struct rs_probe *probe = program->probes[i];
		int r;

		if (probe->type != RS_PROGRAM_ONCE || probe->provider != provider)
			continue;
		if (name && (!probe->n_places || strcmp(probe->places[0].point.name, name) != 0))
			continue;
		r = rs_bpf_test_run(session->loaded[i].fd, NULL, 0, args, sizeof(args), &result);
		if (r < 0)
			return rs_error_set_errno(err, r, "running \"%s\"", probe->name);
		n++;
	}
	return n;
}

/* --- attaching --- */

static void warn(void *ctx, const char *text)
{
	rs_trace_warn(ctx, "%s", text);
}

/* Counters of time are timers of the kernel. */
static bool counts_time(const struct rs_probe *probe)
{
	const char *name = probe->n_places ? probe->places[0].point.name : "";

	return !strcmp(name, "cpu") || !strcmp(name, "cpu-clock") || !strcmp(name, "task-clock");
}

/* The kernel calls programs of some kinds in the order in which they were attached, of others the last one first. */
static bool is_called_backwards(const struct rs_probe *probe)
{
	switch (probe->provider) {
	case RS_PROVIDER_KPROBE:
	case RS_PROVIDER_UPROBE:
	case RS_PROVIDER_URETPROBE:
	case RS_PROVIDER_USDT:
	case RS_PROVIDER_FENTRY:
		return true;
	case RS_PROVIDER_SOFTWARE:
		return !counts_time(probe);
	default:
		return false;
	}
}

static int attach_one(struct rs_trace_session *session, unsigned i,
		      const struct rs_probe_attach_options *options, struct rs_error *err)
{
	const struct rs_probe *probe = session->script.program->probes[i];
	struct rs_probe_attach_options own = *options;
	unsigned n = 0;
	int r;

	if (own.missing == RS_MISSING_DEFAULT)
		own.missing = probe->one_of_several ? RS_MISSING_WARN : RS_MISSING_ERROR;
	r = rs_probe_attach(rs_trace_source_probes(session->source), probe,
			    &session->loaded[i].plan, session->loaded[i].fd, &own, session->links,
			    &n, err);
	session->n_attached += n;
	return r;
}

static int attach_kinds(struct rs_trace_session *session, bool backwards,
			const struct rs_probe_attach_options *options, struct rs_error *err)
{
	const struct rs_program *program = session->script.program;
	int r = 0;

	for (unsigned n = 0; !r && n < program->n_probes; n++) {
		unsigned i = backwards ? program->n_probes - 1 - n : n;

		if (program->probes[i]->type != RS_PROGRAM_ONCE &&
		    is_called_backwards(program->probes[i]) == backwards)
			r = attach_one(session, i, options, err);
	}
	return r;
}

/* BEGIN, END and signals: nothing is attached for them. */
static bool only_own_programs(const struct rs_program *program)
{
	for (unsigned i = 0; i < program->n_probes; i++)
		if (program->probes[i]->type != RS_PROGRAM_ONCE)
			return false;
	return true;
}

int rs_trace_attach_all(struct rs_trace_session *session, struct rs_error *err)
{
	int cpus[RS_CPUS_MAX];
	const struct rs_probe_attach_options options = {
		.missing = session->script.program->config.missing_probes,
		.warn = warn,
		.warn_ctx = (void *)session->options,
		.cpus = cpus,
		.n_cpus = rs_cpus_online(cpus, RS_CPUS_MAX),
	};
	unsigned before = session->n_attached;
	int r;

	r = rs_probe_links_new(&session->links);
	if (r < 0)
		return rs_error_set(err, r, "out of memory");
	r = attach_kinds(session, false, &options, err);
	if (r >= 0)
		r = attach_kinds(session, true, &options, err);
	if (r >= 0 && session->n_attached == before && options.missing == RS_MISSING_DEFAULT &&
	    !only_own_programs(session->script.program))
		r = rs_error_set(err, -ENOENT, "none of the probes could be attached");
	return r;
}

/* --- iterators --- */

static int create_iterator(int link_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link_fd;
	return rs_bpf_call(BPF_ITER_CREATE, &attr, sizeof(attr));
}

static int read_iterator(struct rs_trace_session *session, int link_fd, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = create_iterator(link_fd);
	char buf[16384];
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return rs_error_set_errno(err, fd, "reading an iterator");
	while (!r && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rs_error_set_errno(err, -errno, "reading an iterator");
		rs_str_append(rs_trace_output_text(&session->output), buf, (size_t)n);
		r = rs_trace_output_commit(&session->output);
	}
	return r < 0 ? r : rs_trace_drain(session); /* records beside the iterator's own output */
}

static int pin(struct rs_trace_session *session, int link_fd, const char *where,
	       struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(4096);
	union bpf_attr attr;
	int r;

	rs_str_append_cstr(&path, *where == '/' ? "" : PIN_ROOT);
	rs_str_append_cstr(&path, where);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)rs_str_cstr(&path);
	attr.bpf_fd = (uint32_t)link_fd;
	r = rs_bpf_call(BPF_OBJ_PIN, &attr, sizeof(attr));
	if (r < 0)
		return rs_error_set_errno(err, r, "pinning the iterator at \"%s\"",
					  rs_str_cstr(&path));
	rs_str_appendf(rs_trace_output_text(&session->output), "Program pinned to %s\n",
		       rs_str_cstr(&path));
	return rs_trace_output_commit(&session->output);
}

int rs_trace_read_iterators(struct rs_trace_session *session, struct rs_error *err)
{
	const struct rs_probe *probe = NULL;
	int r = 0, fd;

	for (unsigned i = 0; !r && (fd = rs_probe_links_iter(session->links, i, &probe)) >= 0;
	     i++) {
		const char *where = probe->n_places ? probe->places[0].point.target : "";

		r = *where ? pin(session, fd, where, err) : read_iterator(session, fd, err);
	}
	return r;
}
