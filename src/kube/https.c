/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/https.h"

#include <curl/curl.h>
#include <errno.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/units.h"

#define TOKEN_MAX   ((size_t)64 << 10)
#define HEADERS_MAX ((size_t)256 << 10)
#define MESSAGE_MAX ((size_t)64 << 10) /* of an answer that is not 200 */
#define ROUND_MS    1000               /* how long we look away from the clock */

struct rs_https {
	struct rs_https_options options;
	CURL *easy;
	CURLM *multi;
	char problem[CURL_ERROR_SIZE];
};

/* One request as it runs. */
struct run {
	struct rs_https *https;
	const struct rs_https_request *request;
	struct rs_error *err;
	int error;           /* ours, negative: why we broke off */
	uint64_t total;      /* bytes of the body */
	size_t headers;      /* bytes */
	uint64_t began;      /* monotonic ns */
	uint64_t moved;      /* the last byte */
	bool answered;       /* the headers are whole */
	struct rs_str other; /* the body of an answer that is not 200 */
};

static void list_free(struct curl_slist **list)
{
	curl_slist_free_all(*list);
	*list = NULL;
}

void rs_https_free(struct rs_https **ref)
{
	struct rs_https *https = *ref;

	if (!https)
		return;
	curl_easy_cleanup(https->easy);
	curl_multi_cleanup(https->multi);
	curl_global_cleanup();
	free(https);
	*ref = NULL;
}

static unsigned status_of(CURL *easy)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return (unsigned)status;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *data)
{
	struct run *run = data;

	(void)size; /* 1 */
	run->moved = rs_clock_mono();
	run->headers += n;
	if (run->headers > HEADERS_MAX) {
		run->error = rs_error_set(run->err, -EFBIG, "the answer's head is too large");
		return 0;
	}
	if (run->answered || (bytes[0] != '\r' && bytes[0] != '\n') ||
	    status_of(run->https->easy) < 200)
		return n;
	run->answered = true; /* the empty line; what is below 200 is not the answer yet */
	if (status_of(run->https->easy) == 200 && run->request->start)
		run->error = run->request->start(run->request->data);
	return run->error ? 0 : n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
	struct run *run = data;
	const struct rs_https_request *request = run->request;

	(void)size; /* 1 */
	run->moved = rs_clock_mono();
	run->total += n;
	if (status_of(run->https->easy) != 200) {
		/* What is beyond is of no interest. */
		rs_str_append(&run->other, bytes, MIN(n, MESSAGE_MAX - run->other.len));
		return run->total > MESSAGE_MAX * 16 ? 0 : n;
	}
	if (request->max && run->total > request->max)
		run->error = rs_error_set(run->err, -EFBIG, "the answer is larger than %zu MiB",
					  (size_t)(request->max >> 20));
	else
		run->error = request->body(request->data, bytes, n, run->err);
	return run->error ? 0 : n;
}

/* What stays the same for all requests. */
static void set_options(struct rs_https *https)
{
	const struct rs_https_options *options = &https->options;
	CURL *easy = https->easy;

#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTPS);
#endif
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0l);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1l);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options->insecure ? 0l : 1l);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options->insecure ? 0l : 2l);
	if (options->ca) { /* these and no others */
		curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringside-kube/" RS_VERSION);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(options->patience / RS_NSEC_PER_MSEC));
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1l);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30l);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10l);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, https->problem);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
}

static int check_part(CURLU *url, CURLUPart part, const char *want)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(url, part, &text, 0);
	bool ok = want ? !code && !strcmp(text, want) : code != CURLUE_OK;

	curl_free(text);
	return ok ? 0 : -EINVAL;
}

/* https, and nothing in it that should not be: a name and password would be shown in messages. */
int rs_https_check_url(const char *text, struct rs_error *err)
{
	CURLU *url = curl_url();
	int r = 0;

	if (!url)
		return rs_error_set_errno(err, -ENOMEM, "reading the address");
	if (curl_url_set(url, CURLUPART_URL, text, 0) ||
	    check_part(url, CURLUPART_SCHEME, "https") || check_part(url, CURLUPART_USER, NULL) ||
	    check_part(url, CURLUPART_PASSWORD, NULL) || check_part(url, CURLUPART_QUERY, NULL) ||
	    check_part(url, CURLUPART_FRAGMENT, NULL))
		r = rs_error_set(err, -EINVAL, "\"%s\" is no address of the form https://HOST:PORT",
				 text);
	curl_url_cleanup(url);
	return r;
}

int rs_https_new(const struct rs_https_options *options, struct rs_https **ret_https,
		 struct rs_error *err)
{
	_cleanup_(rs_https_free) struct rs_https *https = NULL;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return rs_error_set(err, -ENOMEM, "libcurl does not start");
	https = calloc(1, sizeof(*https));
	if (!https)
		return rs_error_set_errno(err, -ENOMEM, "preparing requests");
	https->options = *options;
	https->easy = curl_easy_init();
	https->multi = curl_multi_init();
	if (!https->easy || !https->multi)
		return rs_error_set_errno(err, -ENOMEM, "preparing requests");
	set_options(https);
	*ret_https = TAKE_PTR(https);
	return 0;
}

/* Removes white space around it; what is left must be fit for a header. */
static int check_token(struct rs_str *token, const char *path, struct rs_error *err)
{
	while (token->len && strchr(" \t\r\n", token->data[token->len - 1]))
		rs_str_truncate(token, token->len - 1);
	for (size_t i = 0; i < token->len; i++) {
		if (token->data[i] <= ' ' || token->data[i] > '~')
			return rs_error_set(err, -EBADMSG, "\"%s\" holds no token", path);
	}
	return token->len ? 0 : rs_error_set(err, -EBADMSG, "\"%s\" is empty", path);
}

/* The token may be a new one each time: Kubernetes replaces it before it expires. */
static int add_token(const struct rs_https_options *options, struct curl_slist **list,
		     bool *ret_sent, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str token = RS_STR_INIT(TOKEN_MAX);
	_cleanup_(rs_str_done) struct rs_str header = { 0 };
	struct curl_slist *longer;
	int r;

	if (!options->token)
		return 0;
	r = rs_fd_read_file(options->token, TOKEN_MAX - 1, &token, err);
	if (r == -ENOENT && options->token_optional)
		return 0;
	if (!r)
		r = check_token(&token, options->token, err);
	if (r < 0)
		return r;
	rs_str_append_cstr(&header, "Authorization: Bearer ");
	rs_str_append(&header, token.data, token.len);
	longer = header.error ? NULL : curl_slist_append(*list, rs_str_cstr(&header));
	explicit_bzero(token.data, token.len);
	if (header.data)
		explicit_bzero(header.data, header.len);
	if (!longer)
		return rs_error_set_errno(err, -ENOMEM, "preparing a request");
	*list = longer;
	*ret_sent = true;
	return 0;
}

/* Whether the server takes too long. */
static int check_time(struct run *run)
{
	const struct rs_https_options *options = &run->https->options;
	uint64_t now = rs_clock_mono();
	char buf[RS_UNITS_BUF];

	if (now - run->began > run->request->life)
		return rs_error_set(run->err, -ETIMEDOUT, "the answer did not end within %s",
				    rs_units_format_duration_exact(buf, run->request->life));
	if (now - run->moved <= options->patience || (run->answered && run->request->quiet))
		return 0;
	return rs_error_set(run->err, -ETIMEDOUT, "%s for %s",
			    run->answered ? "the answer stands still" : "no answer",
			    rs_units_format_duration_exact(buf, options->patience));
}

/* Until something happens, or it is time to look at the clock. */
static int wait_round(struct run *run)
{
	struct rs_https *https = run->https;
	struct rs_parent *parent = https->options.parent;
	struct curl_waitfd fds[2] = { { .fd = parent->out },
				      { .fd = parent->in, .events = CURL_WAIT_POLLIN } };
	int r;

	if (curl_multi_poll(https->multi, fds, parent->in < 0 ? 1 : 2, ROUND_MS, NULL))
		return rs_error_set(run->err, -EIO, "waiting for the answer");
	r = rs_parent_look(parent);
	return r < 0 ? r : check_time(run);
}

/* How libcurl says that it ended. */
static int finish(struct run *run, CURLcode code)
{
	struct rs_https *https = run->https;

	if (run->error)
		return run->error;
	if (code == CURLE_OK || (run->answered && status_of(https->easy) != 200))
		return 0;
	rs_error_set(run->err, -EIO, "%s",
		     *https->problem ? https->problem : curl_easy_strerror(code));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		rs_error_hint(run->err, "the certificate must name the host in the address and be "
					"signed by one of --ca");
	return -EIO;
}

static int drive(struct run *run)
{
	struct rs_https *https = run->https;
	int running = 1, left, r = 0;
	CURLMsg *msg;

	while (!r) {
		if (curl_multi_perform(https->multi, &running))
			return rs_error_set(run->err, -EIO, "sending the request");
		msg = curl_multi_info_read(https->multi, &left);
		if (msg && msg->msg == CURLMSG_DONE)
			return finish(run, msg->data.result);
		r = running ? wait_round(run)
			    : rs_error_set(run->err, -EIO, "the request came to nothing");
	}
	return r;
}

/* {"kind":"Status","message":"..."}: what the server has to say to a person. */
static void take_message(const struct rs_str *body, struct rs_https_answer *answer)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)1 << 20);
	struct rs_json_value *root = NULL;
	const char *text;

	if (!body->len || rs_json_parse(&arena, body->data, body->len, &root, NULL) < 0)
		return;
	if (strcmp(rs_json_get_str(root, "kind", ""), "Status") != 0)
		return;
	text = rs_json_get_str(root, "message", "");
	rs_str_escape(answer->message, sizeof(answer->message), text, strlen(text));
}

static int perform(struct run *run, const char *url, struct curl_slist *headers)
{
	struct rs_https *https = run->https;
	int r;

	https->problem[0] = '\0';
	curl_easy_setopt(https->easy, CURLOPT_URL, url);
	curl_easy_setopt(https->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(https->easy, CURLOPT_HEADERDATA, run);
	curl_easy_setopt(https->easy, CURLOPT_WRITEDATA, run);
	if (curl_multi_add_handle(https->multi, https->easy))
		return rs_error_set(run->err, -EIO, "starting the request");
	r = drive(run);
	curl_multi_remove_handle(https->multi, https->easy);
	curl_easy_setopt(https->easy, CURLOPT_HTTPHEADER, NULL);
	return r;
}

int rs_https_get(struct rs_https *https, const struct rs_https_request *request,
		 struct rs_https_answer *ret_answer, struct rs_error *err)
{
	_cleanup_(list_free) struct curl_slist *headers = NULL;
	_cleanup_(rs_str_done) struct rs_str url = { 0 };
	struct run run = { .https = https, .request = request, .err = err };
	struct rs_https_answer answer = { 0 };
	size_t n = strlen(https->options.url);
	int r;

	headers = curl_slist_append(NULL, "Accept: application/json");
	if (!headers)
		return rs_error_set_errno(err, -ENOMEM, "preparing a request");
	r = add_token(&https->options, &headers, &answer.token, err);
	if (r < 0)
		return r;
	while (n && https->options.url[n - 1] == '/')
		n--;
	rs_str_append(&url, https->options.url, n);
	rs_str_append_cstr(&url, request->path);
	if (url.error)
		return rs_error_set_errno(err, url.error, "preparing a request");
	rs_str_init(&run.other, MESSAGE_MAX);
	run.began = run.moved = rs_clock_mono();
	r = perform(&run, rs_str_cstr(&url), headers);
	answer.status = status_of(https->easy);
	if (!r && answer.status != 200)
		take_message(&run.other, &answer);
	rs_str_done(&run.other);
	if (!r)
		*ret_answer = answer;
	return r;
}

int rs_https_escape(struct rs_str *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c))
			rs_str_append_char(out, (char)c);
		else
			rs_str_appendf(out, "%%%02X", c);
	}
	return out->error;
}
