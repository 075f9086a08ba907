/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Messages for the person who runs the program, on standard error, one write(2) per line.
 * Commands use every level; library rooms use debug only and report through struct rs_error.
 * errno survives every call.
 */

#include "base/util.h"

enum rs_log_level {
	RS_LOG_ERROR,
	RS_LOG_WARN,
	RS_LOG_INFO,
	RS_LOG_DEBUG,
	RS_LOG_LEVEL_COUNT,
};

/* One per call site that could flood; zero-initialised. */
struct rs_log_rate {
	uint64_t next_ns;    /* monotonic time of the next line allowed */
	uint64_t suppressed; /* lines swallowed since the last one shown */
};

/* Lines above this level are dropped; the start value is RS_LOG_WARN. */
void rs_log_set_level(enum rs_log_level level);
enum rs_log_level rs_log_get_level(void);

/* Where lines go; the start value is 2. The descriptor stays the caller's. */
void rs_log_set_fd(int fd);

static inline bool rs_log_enabled(enum rs_log_level level)
{
	return level <= rs_log_get_level();
}

void rs_log_write(enum rs_log_level level, const char *fmt, ...) _printf_(2, 3);

/* At most one line per interval_ns and rate; the next line shown tells how many were swallowed. */
void rs_log_write_rated(struct rs_log_rate *rate, uint64_t interval_ns, enum rs_log_level level,
			const char *fmt, ...) _printf_(4, 5);

/* Arguments are evaluated only when the level is on. */
#define rs_log_at(level, ...)                                                                      \
	do {                                                                                       \
		if (rs_log_enabled(level))                                                         \
			rs_log_write((level), __VA_ARGS__);                                        \
	} while (0)

#define rs_log_error(...) rs_log_at(RS_LOG_ERROR, __VA_ARGS__)
#define rs_log_warn(...)  rs_log_at(RS_LOG_WARN, __VA_ARGS__)
#define rs_log_info(...)  rs_log_at(RS_LOG_INFO, __VA_ARGS__)
#define rs_log_debug(...) rs_log_at(RS_LOG_DEBUG, __VA_ARGS__)

/* A warning that may be met once per event: shown at most once a second from this line of code. */
#define rs_log_warn_rated(...)                                                                     \
	do {                                                                                       \
		static struct rs_log_rate rate_;                                                   \
		if (rs_log_enabled(RS_LOG_WARN))                                                   \
			rs_log_write_rated(&rate_, 1000000000ull, RS_LOG_WARN, __VA_ARGS__);       \
	} while (0)
