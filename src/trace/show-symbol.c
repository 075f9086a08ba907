/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are shown by a name: symbols, users, errors, times, addresses, stacks. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "event/names.h"
#include "trace/show-internal.h"

#define FRAMES_MAX 1024

static uint64_t word(const uint8_t *data, size_t size, unsigned i)
{
	uint64_t v = 0;

	if (size >= (size_t)(i + 1) * 8)
		memcpy(&v, data + (size_t)i * 8, 8);
	return v;
}

static void hex(struct rs_str *out, uint64_t v)
{
	rs_str_append_cstr(out, "0x");
	rs_str_append_hex(out, v);
}

static void name_or_number(struct rs_str *out, const char *name, int64_t number)
{
	if (name)
		rs_str_append_cstr(out, name);
	else
		rs_str_append_i64(out, number);
}

static void show_ksym(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		      size_t size, struct rs_str *out)
{
	(void)type;
	if (show->names && show->names->ksym)
		show->names->ksym(show->names->ctx, word(data, size, 0), false, out);
	else
		hex(out, word(data, size, 0));
}

static void show_usym(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		      size_t size, struct rs_str *out)
{
	(void)type;
	if (show->names && show->names->usym)
		show->names->usym(show->names->ctx, word(data, size, 0),
				  (uint32_t)word(data, size, 1), false, false, out);
	else
		hex(out, word(data, size, 0));
}

static void show_user(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		      size_t size, struct rs_str *out)
{
	(void)type;
	if (show->names && show->names->user)
		show->names->user(show->names->ctx, (uint32_t)word(data, size, 0), out);
	else
		rs_str_append_u64(out, (uint32_t)word(data, size, 0));
}

static void show_error(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		       size_t size, struct rs_str *out)
{
	char text[128];

	(void)show, (void)type;
	rs_str_append_cstr(out, strerror_r((int)word(data, size, 0), text, sizeof(text)));
}

static void show_signal(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
			size_t size, struct rs_str *out)
{
	int signal = (int)word(data, size, 0);

	(void)show, (void)type;
	name_or_number(out, rs_name_signal(signal), signal);
}

static void show_syscall(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
			 size_t size, struct rs_str *out)
{
	int nr = (int)word(data, size, 0);

	(void)show, (void)type;
	name_or_number(out, rs_name_syscall(nr, false), nr);
}

static void show_probe(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		       size_t size, struct rs_str *out)
{
	uint64_t i = word(data, size, 0);

	(void)type;
	if (show->program && i < show->program->n_probe_names)
		rs_str_append_cstr(out, show->program->probe_names[i]);
	else
		rs_str_append_u64(out, i);
}

static const struct rs_action *action_of(const struct rs_show *show, uint64_t number)
{
	return show->program && number < show->program->n_actions ? show->program->actions[number]
								  : NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                     \
	"-Wformat-nonliteral" /* the script's own, and strftime() takes no arguments */

void rs_show_time(uint64_t wall_ns, const char *format, struct rs_str *out)
{
	char expanded[256], text[512], micro[8];
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;
	size_t n = 0;

	snprintf(micro, sizeof(micro), "%06u", (unsigned)(wall_ns % 1000000000 / 1000));
	for (const char *p = format; *p && n + 8 < sizeof(expanded); p++) {
		if (p[0] == '%' && p[1] == 'f') {
			memcpy(expanded + n, micro, 6);
			n += 6;
			p++;
			continue;
		}
		expanded[n++] = *p;
		if (p[0] == '%' && p[1])
			expanded[n++] = *++p;
	}
	expanded[n] = '\0';
	if (!localtime_r(&seconds, &tm))
		return;
	n = n ? strftime(text, sizeof(text), expanded, &tm) : 0;
	rs_str_append(out, text, n);
}

#pragma GCC diagnostic pop

static void show_time(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		      size_t size, struct rs_str *out)
{
	const struct rs_action *action = action_of(show, word(data, size, 1));
	uint64_t stamp = word(data, size, 0);

	if (show->names && show->names->wall)
		stamp = show->names->wall(show->names->ctx, stamp, type->mode);
	if (action && action->format)
		rs_show_time(stamp, action->format, out);
	else
		rs_str_append_u64(out, stamp);
}

static void show_cgroup(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
			size_t size, struct rs_str *out)
{
	const struct rs_action *action = action_of(show, word(data, size, 1));

	(void)type;
	if (show->names && show->names->cgroup)
		show->names->cgroup(show->names->ctx, word(data, size, 0),
				    action && action->format ? action->format : "*", out);
	else
		rs_str_append_u64(out, word(data, size, 0));
}

static void show_inet(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		      size_t size, struct rs_str *out)
{
	uint64_t family = word(data, size, 0);
	char text[INET6_ADDRSTRLEN];

	(void)show, (void)type;
	if (size >= 24 && (family == AF_INET || family == AF_INET6) &&
	    inet_ntop((int)family, data + 8, text, sizeof(text)))
		rs_str_append_cstr(out, text);
}

static void show_mac(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		     size_t size, struct rs_str *out)
{
	(void)show, (void)type;
	for (unsigned i = 0; i < 6 && i < size; i++)
		rs_str_appendf(out, "%s%02X", i ? ":" : "", data[i]);
}

static void show_frame(struct rs_show *show, const struct rs_type *type, uint64_t ip, uint32_t pid,
		       struct rs_str *out)
{
	bool user = type->kind == RS_TYPE_USTACK, perf = type->mode == RS_STACK_PERF;

	if (type->mode == RS_STACK_RAW) {
		rs_str_append_hex(out, ip);
	} else {
		if (perf) {
			rs_str_append_cstr(out, "\t");
			rs_str_append_hex(out, ip);
			rs_str_append_cstr(out, " ");
		} else {
			rs_str_append_fill(out, ' ', 8);
		}
		if (user && show->names && show->names->usym)
			show->names->usym(show->names->ctx, ip, pid, true, perf, out);
		else if (!user && show->names && show->names->ksym)
			show->names->ksym(show->names->ctx, ip, true, out);
		else
			hex(out, ip);
	}
	rs_str_append_cstr(out, "\n");
}

void rs_show_stack(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		   size_t size, struct rs_str *out)
{
	uint64_t ips[FRAMES_MAX];
	struct rs_stack_ref ref;
	int n = 0;

	rs_str_append_cstr(out, "\n");
	if (size < sizeof(ref))
		return;
	memcpy(&ref, data, sizeof(ref));
	if (ref.id != UINT32_MAX && show->names && show->names->stack)
		n = show->names->stack(show->names->ctx, &ref, type->kind == RS_TYPE_USTACK, ips,
				       FRAMES_MAX);
	if (type->count && n > (int)type->count)
		n = (int)type->count;
	for (int i = 0; i < n; i++)
		show_frame(show, type, ips[i], ref.pid, out);
}

void rs_show_buffer(const uint8_t *data, size_t n, enum rs_buffer_style style, struct rs_str *out)
{
	for (size_t i = 0; i < n; i++) {
		if (style == RS_BUFFER_ESCAPED && data[i] >= 32 && data[i] < 127)
			rs_str_append_char(out, (char)data[i]);
		else if (style == RS_BUFFER_HEX)
			rs_str_appendf(out, "%s%02x", i ? " " : "", data[i]);
		else
			rs_str_appendf(out, "\\x%02x", data[i]);
	}
}

static void (*const symbols[RS_TYPE_KIND_COUNT])(struct rs_show *, const struct rs_type *,
						 const uint8_t *, size_t, struct rs_str *) = {
	[RS_TYPE_KSYM] = show_ksym,
	[RS_TYPE_USYM] = show_usym,
	[RS_TYPE_USERNAME] = show_user,
	[RS_TYPE_STRERROR] = show_error,
	[RS_TYPE_SIGNAL_NAME] = show_signal,
	[RS_TYPE_SYSCALL_NAME] = show_syscall,
	[RS_TYPE_PROBE] = show_probe,
	[RS_TYPE_TIMESTAMP] = show_time,
	[RS_TYPE_CGROUP_PATH] = show_cgroup,
	[RS_TYPE_INET] = show_inet,
	[RS_TYPE_MAC] = show_mac,
	[RS_TYPE_KSTACK] = rs_show_stack,
	[RS_TYPE_USTACK] = rs_show_stack,
};

void rs_show_symbol(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		    size_t size, struct rs_str *out)
{
	if (symbols[type->kind])
		symbols[type->kind](show, type, data, size, out);
}
