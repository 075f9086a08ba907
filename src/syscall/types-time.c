/* SPDX-License-Identifier: Apache-2.0 */
/* Times. */
#include "syscall/types-own.h"

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static void put_time(struct rs_fmt *f, const rs_memory *m, const char *fraction)
{
	rs_str_appendf(f->out, "{tv_sec=%lld, %s=%lld}", (long long)rs_mem_get(m, 0, 8), fraction,
		       (long long)rs_mem_get(m, 8, 8));
}

bool rs_type_timespec(struct rs_fmt *f, const rs_memory *m)
{
	put_time(f, m, "tv_nsec");
	return true;
}

bool rs_type_timeval(struct rs_fmt *f, const rs_memory *m)
{
	put_time(f, m, "tv_usec");
	return true;
}

bool rs_type_timeval2(struct rs_fmt *f, const rs_memory *m)
{
	for (unsigned i = 0; i < 2; i++) {
		rs_memory one = rs_mem_sub(m, i * 16, 16);

		rs_fmt_text(f, i ? ", " : "[");
		put_time(f, &one, "tv_usec");
		rs_fmt_date(f, (int64_t)rs_mem_get(&one, 0, 8), (int64_t)rs_mem_get(&one, 8, 8), 6);
	}
	rs_fmt_text(f, "]");
	return true;
}

bool rs_type_utimes(struct rs_fmt *f, const rs_memory *m)
{
	for (unsigned i = 0; i < 2; i++) {
		rs_memory one = rs_mem_sub(m, i * 16, 16);
		int64_t ns = (int64_t)rs_mem_get(&one, 8, 8);

		rs_fmt_text(f, i ? ", " : "[");
		if (ns == UTIME_NOW || ns == UTIME_OMIT) {
			rs_fmt_text(f, ns == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
			continue;
		}
		put_time(f, &one, "tv_nsec");
		rs_fmt_date(f, (int64_t)rs_mem_get(&one, 0, 8), ns, 9);
	}
	rs_fmt_text(f, "]");
	return true;
}

bool rs_type_tms(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const names[] = { "{tms_utime=", ", tms_stime=", ", tms_cutime=",
					     ", tms_cstime=" };

	/* in ticks of user space: 100 a second everywhere */
	for (unsigned i = 0; i < 4; i++) {
		uint64_t ticks = rs_mem_get(m, i * 8, 8);

		rs_fmt_text(f, names[i]);
		rs_str_appendf(f->out, "%lld /* %llu.%02llu s */", (long long)ticks,
			       (unsigned long long)ticks / 100, (unsigned long long)ticks % 100);
	}
	rs_fmt_text(f, "}");
	return true;
}

bool rs_type_utimbuf(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const names[] = { "{actime=", ", modtime=" };

	for (unsigned i = 0; i < 2; i++) {
		int64_t at = (int64_t)rs_mem_get(m, i * 8, 8);

		rs_fmt_text(f, names[i]);
		rs_str_append_i64(f->out, at);
		rs_fmt_date(f, at, 0, 0);
	}
	rs_fmt_text(f, "}");
	return true;
}
