/* SPDX-License-Identifier: Apache-2.0 */

/* ringside-kube: the pods of this node, as lines of JSON on standard output. */

#include <ctype.h>
#include <errno.h>

#include "base/fd.h"
#include "base/opt.h"
#include "base/term.h"
#include "base/units.h"
#include "kube/rights.h"
#include "kube/source.h"

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"

enum source_name {
	SOURCE_KUBELET,
	SOURCE_API,
};

struct settings {
	uint32_t source; /* enum source_name */
	const char *url, *token, *ca, *node;
	bool insecure, once;
	uint64_t interval, patience;
};

static const struct rs_opt_name source_names[] = {
	{ "kubelet", SOURCE_KUBELET, "the kubelet of this node, asked again and again" },
	{ "api", SOURCE_API, "the API server, which tells of changes" },
	{ 0 },
};

#define FIELD(name) offsetof(struct settings, name)

static const struct rs_opt options[] = {
	RS_OPT_ROW(0, "source", "SOURCE", RS_OPT_ENUM, FIELD(source), "whom to ask",
		   .names = source_names, .default_text = "kubelet"),
	RS_OPT_ROW(0, "url", "URL", RS_OPT_STRING, FIELD(url), "address, https://HOST:PORT",
		   .default_text = "https://127.0.0.1:10250, or the cluster's service"),
	RS_OPT_ROW(0, "token", "FILE", RS_OPT_STRING, FIELD(token),
		   "file with the token, read anew for each request",
		   .default_text = ACCOUNT "token"),
	RS_OPT_ROW(0, "ca", "FILE", RS_OPT_STRING, FIELD(ca),
		   "file with the certificates to trust, and no others",
		   .default_text = ACCOUNT "ca.crt, or the system's"),
	RS_OPT_ROW(0, "node", "NAME", RS_OPT_STRING, FIELD(node), "whose pods the API server tells",
		   .default_text = "$NODE_NAME, or the host's name"),
	RS_OPT_ROW(0, "insecure", NULL, RS_OPT_FLAG, FIELD(insecure),
		   "do not check the kubelet's certificate: whoever answers gets the token"),
	RS_OPT_ROW(0, "interval", "TIME", RS_OPT_DURATION, FIELD(interval),
		   "how often the kubelet is asked", .default_text = "30s"),
	RS_OPT_ROW(0, "timeout", "TIME", RS_OPT_DURATION, FIELD(patience),
		   "give up on a server that is silent for so long", .default_text = "10s"),
	RS_OPT_ROW(0, "once", NULL, RS_OPT_FLAG, FIELD(once), "end after the first whole list"),
	RS_OPT_END,
};

static int print_help(void)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	rs_str_append_cstr(
		&out, "usage: ringside-kube [OPTION...]\n\n"
		      "Writes the pods of this node as lines of JSON: for `ringside run`, which "
		      "starts it.\n\n");
	rs_opt_help(options, rs_term_width(STDOUT_FILENO), &out);
	rs_str_append_cstr(&out, "\nexample:\n  ringside-kube --source api --node \"$(hostname)\" "
				 "--once | jq -r 'select(.op == \"pod\").name'\n");
	rs_fd_write_all(STDOUT_FILENO, out.data, out.len);
	return out.error ? 1 : 0;
}

static int default_url(struct settings *settings, struct rs_str *buf, struct rs_error *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	bool v6;

	if (settings->url)
		return 0;
	if (settings->source == SOURCE_KUBELET) {
		settings->url = "https://127.0.0.1:10250";
		return 0;
	}
	if (!host || !*host) {
		rs_error_set(err, -EINVAL,
			     "KUBERNETES_SERVICE_HOST is not set: where is the API server?");
		rs_error_hint(err, "outside of a pod, give --url https://HOST:PORT");
		return -EINVAL;
	}
	v6 = strchr(host, ':');
	rs_str_appendf(buf, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
		       port && *port ? port : "443");
	settings->url = rs_str_cstr(buf);
	return 0;
}

/* The kubelet takes the host's name in lower case for the node's, unless told another. */
static int default_node(struct settings *settings, char buf[static 256], struct rs_error *err)
{
	const char *name = getenv("NODE_NAME");

	if (settings->node)
		return 0;
	settings->node = name && *name ? name : buf;
	if (settings->node == name)
		return 0;
	if (gethostname(buf, 256) < 0)
		return rs_error_set_errno(err, -errno, "reading the host's name");
	buf[255] = '\0';
	for (char *c = buf; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

static int check(const struct settings *settings, struct rs_error *err)
{
	if (settings->insecure && settings->source == SOURCE_API)
		return rs_error_set(err, -EINVAL, "--insecure is for the kubelet only");
	if (settings->interval < RS_NSEC_PER_SEC)
		return rs_error_set(err, -ERANGE, "--interval must be 1s or more");
	if (settings->patience < 100 * RS_NSEC_PER_MSEC ||
	    settings->patience > 3600 * RS_NSEC_PER_SEC)
		return rs_error_set(err, -ERANGE, "--timeout must be from 100ms to 1h");
	if (!*settings->node || strlen(settings->node) > 253)
		return rs_error_set(err, -EINVAL, "--node is no name of a node");
	return rs_https_check_url(settings->url, err);
}

static int run(const struct settings *settings, struct rs_feed *feed, struct rs_error *err)
{
	_cleanup_(rs_https_free) struct rs_https *https = NULL;
	struct rs_parent parent = { .in = STDIN_FILENO, .out = STDOUT_FILENO };
	struct rs_https_options http = { .url = settings->url,
					 .token = settings->token ? settings->token
								  : ACCOUNT "token",
					 .token_optional = !settings->token,
					 .ca = settings->ca,
					 .insecure = settings->insecure,
					 .patience = settings->patience,
					 .parent = &parent };
	struct rs_source source = { .feed = feed,
				    .parent = &parent,
				    .url = settings->url,
				    .node = settings->node,
				    .interval = settings->interval,
				    .patience = settings->patience,
				    .api = settings->source == SOURCE_API,
				    .once = settings->once };
	int r;

	if (!http.ca && access(ACCOUNT "ca.crt", R_OK) == 0)
		http.ca = ACCOUNT "ca.crt";
	r = rs_https_new(&http, &https, err);
	if (r < 0)
		return r;
	source.https = https;
	r = source.api ? rs_source_api(&source) : rs_source_kubelet(&source);
	if (r < 0)
		rs_error_set(err, r, "%s", feed->told ? feed->text : "cannot write");
	return r;
}

/* Tells the person who runs it, or the agent, why it does not start. */
static int fail(struct rs_feed *feed, const struct rs_error *err, int code)
{
	rs_feed_state(feed, false, "%s%s%s", err->msg, *err->hint ? "; " : "", err->hint);
	rs_error_print(err, "kube");
	return code;
}

int main(int argc, char **argv)
{
	struct settings settings = { .interval = 30 * RS_NSEC_PER_SEC,
				     .patience = 10 * RS_NSEC_PER_SEC };
	_cleanup_(rs_feed_done) struct rs_feed feed = { 0 };
	_cleanup_(rs_str_done) struct rs_str url = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	char node[256];
	int r;

	r = rs_rights_drop(&err);
	rs_feed_init(&feed, STDOUT_FILENO);
	if (r < 0)
		return fail(&feed, &err, 1);
	r = rs_opt_parse(options, argc, argv, &settings, NULL, &err);
	if (r == RS_OPT_HELP)
		return print_help();
	if (!r)
		r = default_url(&settings, &url, &err);
	if (!r)
		r = default_node(&settings, node, &err);
	if (!r)
		r = check(&settings, &err);
	if (r < 0)
		return fail(&feed, &err, 2);
	r = run(&settings, &feed, &err);
	return r < 0 ? fail(&feed, &err, 1) : 0;
}
