/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/options.h"

#include <errno.h>
#include <string.h>

#include "event/event.h"
#include "kern/sensors.h"

#define RING_MIN   ((size_t)64 << 10)
#define RING_MAX   ((size_t)1 << 30)
#define MEMORY_MIN ((uint64_t)8 << 20)

#define FIELD(name) offsetof(struct rs_agent_options, name)

static const struct rs_opt_name output_names[] = {
	{ "auto", RS_AGENT_OUTPUT_AUTO, "a table on a terminal, JSON otherwise" },
	{ "table", RS_AGENT_OUTPUT_TABLE, "aligned columns, for people" },
	{ "json", RS_AGENT_OUTPUT_JSON, "one JSON object a line (Elastic Common Schema)" },
	{ "none", RS_AGENT_OUTPUT_NONE, "nothing: only count" },
	{ NULL, 0, NULL },
};

static const struct rs_opt_name color_names[] = {
	{ "auto", RS_TERM_COLOR_AUTO, "on a terminal, unless NO_COLOR is set" },
	{ "always", RS_TERM_COLOR_ALWAYS, NULL },
	{ "never", RS_TERM_COLOR_NEVER, NULL },
	{ NULL, 0, NULL },
};

static const struct rs_opt_name measure_names[] = {
	{ "start", RS_AGENT_MEASURE_START, "the first 10 seconds" },
	{ "always", RS_AGENT_MEASURE_ALWAYS, NULL },
	{ "off", RS_AGENT_MEASURE_OFF, NULL },
	{ NULL, 0, NULL },
};

/* Several --kinds add up. */
static int parse_kinds(const struct rs_opt *opt, const char *value, void *field,
		       struct rs_error *err)
{
	uint64_t *kinds = field, more = 0;
	int r;

	(void)opt;
	r = rs_kinds_parse(value, &more, err);
	if (r < 0)
		return r;
	if (!more)
		return rs_error_set(err, -EINVAL, "no kind of event is left of \"%s\"", value);
	*kinds |= more;
	return 0;
}

static int parse_string(const struct rs_opt *opt, const char *value, void *field,
			struct rs_error *err)
{
	char **string = field, *copy;

	(void)opt;
	if (!*value)
		return rs_error_set(err, -EINVAL, "it must not be empty");
	copy = strdup(value);
	if (!copy)
		return rs_error_set_errno(err, -ENOMEM, "keeping \"%s\"", value);
	free(*string);
	*string = copy;
	return 0;
}

static int parse_more(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	(void)opt;
	(void)value;
	(void)err;
	++*(uint32_t *)field;
	return 0;
}

#define STRING_OPT(letter, name, meta, at, text)                                                   \
	{                                                                                          \
		.short_name = (letter), .long_name = (name), .metavar = (meta),                    \
		.type = RS_OPT_CALLBACK, .offset = (at), .help = (text), .parse = parse_string     \
	}
#define LIST_OPT(letter, name, meta, at, text, how)                                                \
	{                                                                                          \
		.short_name = (letter), .long_name = (name), .metavar = (meta),                    \
		.type = RS_OPT_LIST, .offset = (at), .help = (text), .flags = (how)                \
	}
#define ENUM_OPT(letter, name, meta, at, text, words, start)                                       \
	{                                                                                          \
		.short_name = (letter), .long_name = (name), .metavar = (meta),                    \
		.type = RS_OPT_ENUM, .offset = (at), .help = (text), .names = (words),             \
		.default_text = (start)                                                            \
	}

const struct rs_opt rs_agent_opts_kinds[] = {
	{ .short_name = 'k',
	  .long_name = "kinds",
	  .metavar = "KIND,...",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(kinds),
	  .parse = parse_kinds,
	  .default_text = "all but open and cgroup_*",
	  .group = "What to watch",
	  .help = "kinds of events (exec, unlink, connect, ...) or whole sensors (process, file, "
		  "network, privilege), or all; -open takes one out" },
	RS_OPT_END,
};

const struct rs_opt rs_agent_opts_select[] = {
	{ .short_name = 'p',
	  .long_name = "pid",
	  .metavar = "PID,...",
	  .type = RS_OPT_LIST,
	  .offset = FIELD(pids),
	  .group = "What to watch",
	  .help = "only these processes and their descendants" },
	LIST_OPT(0, "comm", "NAME,...", FIELD(comms),
		 "only processes of this name (at most 15 bytes)", 0),
	LIST_OPT(0, "exe", "PATH", FIELD(exes), "only processes that run this executable",
		 RS_OPT_NO_SPLIT),
	LIST_OPT(0, "uid", "USER,...", FIELD(uids),
		 "only processes of these users, names or numbers", 0),
	LIST_OPT(0, "cgroup", "DIR", FIELD(cgroups), "only processes in this cgroup and below",
		 RS_OPT_NO_SPLIT),
	LIST_OPT(0, "path", "PATH", FIELD(paths),
		 "only events on this file, or on this directory and all below", RS_OPT_NO_SPLIT),
	LIST_OPT(0, "container", "GLOB,...", FIELD(containers),
		 "only processes in containers of this name, or whose id begins so", 0),
	LIST_OPT(0, "pod", "GLOB,...", FIELD(pods), "only processes in pods of this name", 0),
	LIST_OPT(0, "namespace", "GLOB,...", FIELD(namespaces),
		 "only processes in pods of this namespace", 0),
	LIST_OPT(0, "where", "CONDITION", FIELD(where),
		 "only events that meet this, such as 'file.path glob \"/etc/*\" and uid != 0'; "
		 "several must all be met",
		 RS_OPT_NO_SPLIT),
	RS_OPT_END,
};

const struct rs_opt rs_agent_opts_output[] = {
	{ .short_name = 'o',
	  .long_name = "output",
	  .metavar = "FORMAT",
	  .type = RS_OPT_ENUM,
	  .offset = FIELD(output),
	  .names = output_names,
	  .default_text = "auto",
	  .group = "What comes out",
	  .help = "form of the events" },
	STRING_OPT('w', "write", "FILE", FIELD(file),
		   "append events to FILE instead of writing them to standard output"),
	LIST_OPT(0, "env", "NAME,...", FIELD(env),
		 "show these environment variables of each new program, in JSON; they are not kept",
		 0),
	ENUM_OPT(0, "color", "WHEN", FIELD(color), "colour the table", color_names, "auto"),
	{ .long_name = "aggregate",
	  .type = RS_OPT_FLAG,
	  .offset = FIELD(aggregate),
	  .help = "one event for a process that lives shorter than a second, also in JSON: fork, exec and "
		  "exit together" },
	{ .long_name = "single",
	  .type = RS_OPT_FLAG,
	  .offset = FIELD(single),
	  .help = "every event by itself, also in the table" },
	{ .short_name = 'q',
	  .long_name = "quiet",
	  .type = RS_OPT_FLAG,
	  .offset = FIELD(quiet),
	  .help = "no ready line and no summary" },
	{ .short_name = 'v',
	  .long_name = "verbose",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(verbose),
	  .parse = parse_more,
	  .flags = RS_OPT_NO_VALUE,
	  .help = "say more on standard error; twice: everything" },
	RS_OPT_END,
};

const struct rs_opt rs_agent_opts_agent[] = {
	{ .short_name = 'd',
	  .long_name = "duration",
	  .metavar = "TIME",
	  .type = RS_OPT_DURATION,
	  .offset = FIELD(duration),
	  .group = "How",
	  .default_text = "until Ctrl-C",
	  .help = "stop after this time, such as 10s or 1m30s" },
	STRING_OPT(
		'c', "command", "CMD", FIELD(command),
		"run CMD, watch it and its descendants, end when it ends and with its exit code"),
	{ .long_name = "ring-size",
	  .metavar = "SIZE",
	  .type = RS_OPT_SIZE,
	  .offset = FIELD(ring_bytes),
	  .default_text = "8M",
	  .help = "size of the buffer between kernel and agent, rounded up to a power of two" },
	{ .long_name = "memory",
	  .metavar = "SIZE",
	  .type = RS_OPT_SIZE,
	  .offset = FIELD(memory),
	  .help = "memory budget of the agent, from which the buffer takes a quarter" },
	ENUM_OPT(0, "measure", "WHEN", FIELD(measure),
		 "measure what our programs in the kernel cost", measure_names, "start"),
	RS_OPT_END,
};

const struct rs_opt rs_agent_opts_store[] = {
	{ .long_name = "store",
	  .metavar = "DIR",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(store),
	  .parse = parse_string,
	  .group = "What is kept",
	  .help = "keep events in DIR for `ringside events` and others (default: "
		  "/var/lib/ringside/events below --root for the agent, nothing with --command and for "
		  "views; none: keep nothing)" },
	{ .long_name = "store-age",
	  .metavar = "TIME",
	  .type = RS_OPT_DURATION,
	  .offset = FIELD(store_age),
	  .default_text = "7d",
	  .help = "drop what is older" },
	{ .long_name = "store-size",
	  .metavar = "SIZE",
	  .type = RS_OPT_SIZE,
	  .offset = FIELD(store_size),
	  .default_text = "1G",
	  .help = "drop the oldest when there is more" },
	{ .long_name = "profile",
	  .metavar = "HZ",
	  .type = RS_OPT_U32,
	  .offset = FIELD(profile),
	  .default_text = "0",
	  .help = "keep CPU profiles of all processes too, with so many samples a second (11 are cheap), for "
		  "`ringside profile --since`" },
	RS_OPT_END,
};

static const struct rs_opt_name kube_names[] = {
	{ "none", RS_KUBE_NONE, "only the files of the container runtimes" },
	{ "kubelet", RS_KUBE_KUBELET, "the kubelet of this node" },
	{ "api", RS_KUBE_API, "the API server of the cluster" },
	{ NULL, 0, NULL },
};

const struct rs_opt rs_agent_opts_kube[] = {
	{ .long_name = "kubernetes",
	  .metavar = "SOURCE",
	  .type = RS_OPT_ENUM,
	  .offset = FIELD(kube),
	  .names = kube_names,
	  .default_text = "none",
	  .group = "Kubernetes",
	  .help = "ask for labels and owners of this node's pods" },
	STRING_OPT(0, "kubernetes-url", "URL", FIELD(kube_url),
		   "where (default: https://127.0.0.1:10250, or the cluster's own service)"),
	STRING_OPT(0, "kubernetes-token", "FILE", FIELD(kube_token),
		   "bearer token (default: the service account's)"),
	STRING_OPT(0, "kubernetes-ca", "FILE", FIELD(kube_ca),
		   "certificates to trust (default: the service account's)"),
	STRING_OPT(0, "kubernetes-node", "NAME", FIELD(kube_node),
		   "name of this node (default: $NODE_NAME, or the host's name)"),
	{ .long_name = "kubernetes-insecure",
	  .type = RS_OPT_FLAG,
	  .offset = FIELD(kube_insecure),
	  .help = "do not check the kubelet's certificate, which is often self-signed" },
	RS_OPT_END,
};

const struct rs_opt rs_agent_opts_place[] = {
	{ .long_name = "config",
	  .metavar = "FILE",
	  .type = RS_OPT_CALLBACK,
	  .offset = FIELD(config),
	  .parse = parse_string,
	  .group = "Files",
	  .help = "read settings from FILE first (default: /etc/ringside/ringside.yaml below --root, "
		  "where it exists; none: no file); SIGHUP reads it again" },
	{ .long_name = "check",
	  .type = RS_OPT_FLAG,
	  .offset = FIELD(check),
	  .help = "only look for mistakes in the configuration file and the command line" },
	STRING_OPT(0, "root", "DIR", FIELD(root), "look for /etc, /run and /var below DIR"),
	STRING_OPT(0, "host-root", "DIR", FIELD(host_root),
		   "in a container: where the host's files are mounted, /proc among them"),
	STRING_OPT(
		0, "control", "PATH", FIELD(control),
		"control socket (default: /run/ringside/control.sock below --root; none: no socket)"),
	RS_OPT_END,
};

const struct rs_opt rs_agent_opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_kinds, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_select, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_output, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_store, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_kube, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_agent, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_place, 0),
	RS_OPT_END,
};

void rs_agent_options_init(struct rs_agent_options *options)
{
	*options = (struct rs_agent_options){
		.output = RS_AGENT_OUTPUT_AUTO,
		.color = RS_TERM_COLOR_AUTO,
		.measure = RS_AGENT_MEASURE_START,
	};
}

void rs_agent_options_done(struct rs_agent_options *options)
{
	rs_opt_done(rs_agent_opts, options);
	free(options->file);
	free(options->store);
	free(options->kube_url);
	free(options->kube_token);
	free(options->kube_ca);
	free(options->kube_node);
	free(options->root);
	free(options->host_root);
	free(options->control);
	free(options->config);
	free(options->command);
	rs_agent_options_init(options);
}

int rs_agent_options_check(const struct rs_agent_options *options, struct rs_error *err)
{
	int r;

	if (options->command && options->pids.len)
		return rs_error_set(err, -EINVAL, "--command and --pid exclude each other");
	if (options->ring_bytes > RING_MAX)
		return rs_error_set(err, -EINVAL, "--ring-size: more than 1G");
	if (options->memory && options->memory < MEMORY_MIN) {
		r = rs_error_set(err, -EINVAL, "--memory: less than 8M");
		rs_error_hint(err,
			      "the agent itself takes some 5M, its maps in the kernel some more");
		return r;
	}
	if (options->aggregate && options->single)
		return rs_error_set(err, -EINVAL, "--aggregate and --single exclude each other");
	if (options->kube_insecure && options->kube != RS_KUBE_KUBELET)
		return rs_error_set(err, -EINVAL,
				    "--kubernetes-insecure is for --kubernetes kubelet");
	if (options->profile > 1000)
		return rs_error_set(err, -EINVAL, "--profile %u: at most 1000 samples a second",
				    options->profile);
	if (options->file && options->output == RS_AGENT_OUTPUT_NONE)
		return rs_error_set(err, -EINVAL, "--write and --output none exclude each other");
	if (options->env.len && !(rs_agent_options_kinds(options) & (1ull << RS_KIND_EXEC)))
		return rs_error_set(err, -EINVAL, "--env needs events of kind exec");
	return 0;
}

uint64_t rs_agent_options_kinds(const struct rs_agent_options *options)
{
	return options->kinds ? options->kinds : RS_AGENT_KINDS_DEFAULT;
}

size_t rs_agent_options_ring_bytes(const struct rs_agent_options *options)
{
	size_t bytes = RING_MIN;

	if (!options->ring_bytes && !options->memory)
		return RS_RING_BYTES;
	if (options->ring_bytes) {
		while (bytes < options->ring_bytes && bytes < RING_MAX)
			bytes <<= 1;
		return bytes;
	}
	while (bytes * 2 <= options->memory / 4 && bytes < RING_MAX)
		bytes <<= 1;
	return bytes;
}

int rs_agent_options_locate(const struct rs_agent_options *options, const char *path,
			    struct rs_str *out)
{
	size_t n = options->root ? strlen(options->root) : 0;

	while (n && options->root[n - 1] == '/')
		n--;
	rs_str_append(out, options->root, n);
	return rs_str_append_cstr(out, path);
}
