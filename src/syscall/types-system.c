/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, the machine, rights, performance events. */
#include "syscall/types-own.h"

static void put_limit(struct rs_fmt *f, uint64_t v)
{
	if (v == UINT64_MAX)
		rs_fmt_text(f, "RLIM64_INFINITY");
	else if (v > 1024 && !(v % 1024))
		rs_str_appendf(f->out, "%llu*1024", (unsigned long long)v / 1024);
	else
		rs_str_append_u64(f->out, v);
}

bool rs_type_rlimit(struct rs_fmt *f, const rs_memory *m)
{
	rs_fmt_text(f, "{rlim_cur=");
	put_limit(f, rs_mem_get(m, 0, 8));
	rs_fmt_text(f, ", rlim_max=");
	put_limit(f, rs_mem_get(m, 8, 8));
	rs_fmt_text(f, "}");
	return true;
}

bool rs_type_sysinfo(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const sizes[] = { "totalram",  "freeram",   "sharedram",
					     "bufferram", "totalswap", "freeswap" };

	rs_str_appendf(f->out, "{uptime=%lld, loads=[", (long long)rs_mem_get(m, 0, 8));
	for (unsigned i = 0; i < 3; i++) {
		rs_fmt_text(f, i ? ", " : "");
		rs_str_append_u64(f->out, rs_mem_get(m, 8 + i * 8, 8));
	}
	rs_fmt_text(f, "]");
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		rs_str_appendf(f->out, ", %s=%llu", sizes[i],
			       (unsigned long long)rs_mem_get(m, 32 + i * 8, 8));
	rs_str_appendf(f->out, ", procs=%u, totalhigh=%llu, freehigh=%llu, mem_unit=%u}",
		       (unsigned)rs_mem_get(m, 80, 2), (unsigned long long)rs_mem_get(m, 88, 8),
		       (unsigned long long)rs_mem_get(m, 96, 8), (unsigned)rs_mem_get(m, 104, 4));
	return true;
}

static void put_caps(struct rs_fmt *f, uint64_t caps)
{
	bool first = true;

	if (!caps)
		rs_fmt_text(f, "0");
	for (unsigned i = 0; i < 64; i++) {
		size_t len;
		const char *name;

		if (!(caps >> i & 1))
			continue;
		name = rs_names_find(NAMES_cap, i, &len);
		if (!first)
			rs_fmt_text(f, "|");
		first = false;
		if (!name) { /* what is left, at once */
			rs_fmt_hex(f, caps >> i << i);
			return;
		}
		rs_fmt_text(f, "1<<");
		rs_str_append(f->out, name, len);
	}
}

bool rs_type_cap_data(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const names[] = { "{effective=", ", permitted=", ", inheritable=" };

	for (unsigned i = 0; i < 3; i++) {
		rs_fmt_text(f, names[i]);
		put_caps(f, rs_mem_get(m, i * 4, 4) | rs_mem_get(m, 12 + i * 4, 4) << 32);
	}
	rs_fmt_text(f, "}");
	return true;
}

static void put_config(struct rs_fmt *f, uint64_t type, uint64_t config)
{
	if (type == 0)
		rs_fmt_names(f, NAMES_perf_hw, config);
	else if (type == 1)
		rs_fmt_names(f, NAMES_perf_sw, config);
	else if (type == 2)
		rs_str_append_u64(f->out, config);
	else
		rs_fmt_hex(f, config);
}

/* Bits of perf_event_attr behind read_format, lowest first. */
static const char *const perf_bits[] = {
	"disabled",
	"inherit",
	"pinned",
	"exclusive",
	"exclude_user",
	"exclude_kernel",
	"exclude_hv",
	"exclude_idle",
	"mmap",
	"comm",
	"freq",
	"inherit_stat",
	"enable_on_exec",
	"task",
	"watermark",
	NULL,
	NULL,
	"mmap_data",
	"sample_id_all",
	"exclude_host",
	"exclude_guest",
	"exclude_callchain_kernel",
	"exclude_callchain_user",
	"mmap2",
	"comm_exec",
	"use_clockid",
	"context_switch",
	"write_backward",
	"namespaces",
	"ksymbol",
	"bpf_event",
	"aux_output",
	"cgroup",
	"text_poke",
	"build_id",
	"inherit_thread",
	"remove_on_exec",
	"sigtrap",
};

bool rs_type_perf_attr(struct rs_fmt *f, const rs_memory *m)
{
	static const char *const skid[] = { "arbitrary skid", "constant skid",
					    "requested to have 0 skid", "must have 0 skid" };
	uint64_t type = rs_mem_get(m, 0, 4), bits = rs_mem_get(m, 40, 8);
	static const unsigned sizes[] = { 64, 72, 80, 96, 104, 112, 120, 128, 136 };
	unsigned size = (unsigned)rs_mem_get(m, 4, 4), version = 0;

	if (m->len < 64)
		return false;
	rs_fmt_text(f, "{type=");
	rs_fmt_names(f, NAMES_perf_type, type);
	while (version < ARRAY_SIZE(sizes) && sizes[version] != size)
		version++;
	rs_str_appendf(f->out,
		       version < ARRAY_SIZE(sizes) ? ", size=PERF_ATTR_SIZE_VER%u" : ", size=%u",
		       version < ARRAY_SIZE(sizes) ? version : size);
	rs_fmt_text(f, ", config=");
	put_config(f, type, rs_mem_get(m, 8, 8));
	rs_str_appendf(f->out,
		       ", %s=%llu, sample_type=", bits & 1 << 10 ? "sample_freq" : "sample_period",
		       (unsigned long long)rs_mem_get(m, 16, 8));
	rs_fmt_names(f, NAMES_perf_sample, rs_mem_get(m, 24, 8));
	rs_fmt_text(f, ", read_format=");
	rs_fmt_names(f, NAMES_perf_read, rs_mem_get(m, 32, 8));
	for (unsigned i = 0; i < ARRAY_SIZE(perf_bits); i++) {
		if (i == 15)
			rs_str_appendf(f->out, ", precise_ip=%u /* %s */",
				       (unsigned)(bits >> 15 & 3), skid[bits >> 15 & 3]);
		else if (perf_bits[i] && bits >> i & 1)
			rs_str_appendf(f->out, ", %s=1", perf_bits[i]);
	}
	rs_fmt_text(f, ", ...}");
	return true;
}
