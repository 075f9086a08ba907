/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"

static const char *const prefixes[] = {
	[RS_LOG_ERROR] = "ringside: ",
	[RS_LOG_WARN] = "ringside: warning: ",
	[RS_LOG_INFO] = "ringside: ",
	[RS_LOG_DEBUG] = "ringside: debug: ",
};
_Static_assert(ARRAY_SIZE(prefixes) == RS_LOG_LEVEL_COUNT, "one prefix per level");

static _Atomic(enum rs_log_level) max_level = RS_LOG_WARN;
static atomic_int out_fd = STDERR_FILENO;

void rs_log_set_level(enum rs_log_level level)
{
	atomic_store_explicit(&max_level, level, memory_order_relaxed);
}

enum rs_log_level rs_log_get_level(void)
{
	return atomic_load_explicit(&max_level, memory_order_relaxed);
}

void rs_log_set_fd(int fd)
{
	atomic_store(&out_fd, fd);
}

static _printf_(3, 0) void write_line(enum rs_log_level level, uint64_t suppressed, const char *fmt,
				      va_list ap)
{
	char text[1024], line[4 * sizeof(text) + 128];
	size_t len;

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	len = (size_t)snprintf(line, sizeof(line), "%s", prefixes[level]);
	len += rs_str_escape(line + len, sizeof(line) - len, text, strlen(text));
	if (suppressed)
		len += (size_t)snprintf(line + len, sizeof(line) - len,
					" (and %llu more like this)",
					(unsigned long long)suppressed);
	line[len++] = '\n';
	rs_fd_write_all(atomic_load(&out_fd), line, len);
}

void rs_log_write(enum rs_log_level level, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (rs_log_enabled(level)) {
		va_start(ap, fmt);
		write_line(level, 0, fmt, ap);
		va_end(ap);
	}
	errno = saved;
}

void rs_log_write_rated(struct rs_log_rate *rate, uint64_t interval_ns, enum rs_log_level level,
			const char *fmt, ...)
{
	int saved = errno;
	uint64_t now;
	va_list ap;

	if (!rs_log_enabled(level))
		return;
	now = rs_clock_mono();
	if (now < rate->next_ns) {
		rate->suppressed++;
		return;
	}
	rate->next_ns = now + interval_ns;
	va_start(ap, fmt);
	write_line(level, rate->suppressed, fmt, ap);
	va_end(ap);
	rate->suppressed = 0;
	errno = saved;
}
