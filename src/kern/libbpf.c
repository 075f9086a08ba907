/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/libbpf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zstd.h>

#include "base/log.h"
#include "base/util.h"

#define TOLD_MAX 8192

static __thread char last_warning[512];

/* The verifier's words may be many: the reason stands at their end. */
_printf_(1, 0) static void tell(const char *fmt, va_list args)
{
	_cleanup_(rs_cleanup_free) char *text = NULL;
	char *line, *save = NULL;
	int n = vasprintf(&text, fmt, args);

	if (n < 0) {
		text = NULL;
		return;
	}
	line = n > TOLD_MAX ? text + n - TOLD_MAX : text;
	for (line = strtok_r(line, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		rs_log_at(RS_LOG_DEBUG, "%s", line);
}

_printf_(2, 0) static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[512];
	va_list again;

	if (level == LIBBPF_DEBUG)
		return 0;
	if (rs_log_enabled(RS_LOG_DEBUG)) {
		va_copy(again, args);
		tell(fmt, again);
		va_end(again);
	}
	if (vsnprintf(line, sizeof(line), fmt, args) < 0)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	if (level == LIBBPF_WARN && strstr(line, "prog '") && strstr(line, "failed"))
		memcpy(last_warning, line, sizeof(last_warning));
	return 0;
}

void rs_libbpf_listen(void)
{
	libbpf_set_print(keep_warning);
}

void rs_libbpf_forget(void)
{
	last_warning[0] = '\0';
}

struct bpf_program *rs_libbpf_refused(struct bpf_object *object)
{
	char name[64];
	const char *at = strstr(last_warning, "prog '");

	if (!at || sscanf(at, "prog '%63[^']'", name) != 1)
		return NULL;
	return bpf_object__find_program_by_name(object, name);
}

void rs_libbpf_raise_memlock(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &all))
		rs_log_at(RS_LOG_DEBUG, "RLIMIT_MEMLOCK stays as it is: %s", strerror(errno));
}

int rs_libbpf_load_error(int r, const char *what, struct rs_error *err)
{
	rs_error_set_errno(err, r, "%s", what);
	if (r == -EPERM || r == -EACCES)
		rs_error_hint(err,
			      "run it as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN");
	else if (r == -ESRCH || r == -ENOENT)
		rs_error_hint(err, "the kernel needs BTF (CONFIG_DEBUG_INFO_BTF): ringside doctor");
	else
		rs_error_hint(err, "what works here: ringside doctor; the kernel's words: -v");
	return r;
}

/* @base: the variant before, which it was packed against; NULL: none. */
static void *unpack(ZSTD_DCtx *zstd, const struct rs_packed_object *object, const void *base,
		    size_t base_size)
{
	void *bytes = malloc(object->size);

	if (base && ZSTD_isError(ZSTD_DCtx_refPrefix(zstd, base, base_size)))
		base = NULL; /* which the next call will not like */
	if (bytes && ZSTD_decompressDCtx(zstd, bytes, object->size, object->packed,
					 object->packed_size) != object->size) {
		free(bytes);
		bytes = NULL;
		errno = EBADMSG;
	}
	return bytes;
}

void *rs_packed_object_unpack(const struct rs_packed_object *variants, size_t n)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	void *bytes = NULL;

	if (!zstd) {
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i <= n; i++) {
		_cleanup_(rs_cleanup_free) void *before = bytes;

		bytes = unpack(zstd, &variants[i], before, i ? variants[i - 1].size : 0);
		if (!bytes)
			break;
	}
	ZSTD_freeDCtx(zstd);
	return bytes;
}
