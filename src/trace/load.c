/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/load.h"

#include <ctype.h>
#include <errno.h>
#include <linux/btf.h>
#include <string.h>

#include "kern/bpfcall.h"
#include "kern/insn.h"

#define TRIES      5
#define LOG_LEAST  ((size_t)64 << 10)
#define LOG_MOST   (((size_t)16 << 20) - 1) /* until Linux 5.15 or so */
#define KFUNC_CALL 2                        /* BPF_PSEUDO_KFUNC_CALL, Linux 5.13 */
#define PARAMS_MAX 5
#define LONG_TYPE  1 /* the first type of our BTF */

_Static_assert(sizeof(struct rs_ir_insn) == sizeof(struct bpf_insn),
	       "instructions are handed on as they are");

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* --- types of functions --- */

/* A name as BTF takes it; its offset among the strings. */
static uint32_t add_name(struct rs_str *strings, const char *name, const char *instead)
{
	uint32_t at = (uint32_t)strings->len;
	size_t n = 0;

	for (const char *p = name; *p && n < 100; p++, n++) {
		bool ok = isalpha((unsigned char)*p) || *p == '_' ||
			  (n && isdigit((unsigned char)*p));

		rs_str_append_char(strings, ok ? *p : '_');
	}
	if (!n)
		rs_str_append_cstr(strings, instead);
	rs_str_append_char(strings, '\0');
	return at;
}

static void add_type(struct rs_str *types, uint32_t name, uint32_t kind, uint32_t vlen,
		     uint32_t size_or_type)
{
	const struct btf_type type = { .name_off = name,
				       .info = kind << 24 | vlen,
				       .size = size_or_type };

	rs_str_append(types, &type, sizeof(type));
}

/* All arguments and results are numbers to the verifier, or what the helper that calls back says. */
static void add_function(struct rs_str *types, struct rs_str *strings,
			 const struct rs_ir_image_func *func, bool first, uint32_t param_name,
			 uint32_t *id)
{
	const struct btf_param param = { .name_off = param_name, .type = LONG_TYPE };
	uint32_t n = MIN(func->n_params, (uint32_t)PARAMS_MAX);

	add_type(types, 0, BTF_KIND_FUNC_PROTO, n, LONG_TYPE);
	for (uint32_t i = 0; i < n; i++)
		rs_str_append(types, &param, sizeof(param));
	add_type(types, add_name(strings, func->name ? func->name : "", "f"), BTF_KIND_FUNC,
		 first ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC, *id + 1);
	*id += 2;
}

int rs_trace_func_btf(const struct rs_ir_image *image, struct rs_str *out, uint32_t *ret_ids)
{
	_cleanup_(rs_str_done) struct rs_str strings = RS_STR_INIT(0);
	_cleanup_(rs_str_done) struct rs_str types = RS_STR_INIT(0);
	const uint32_t encoding = BTF_INT_SIGNED << 24 | 64;
	uint32_t id = LONG_TYPE, param;
	struct btf_header header;

	rs_str_append_char(&strings, '\0');
	add_type(&types, add_name(&strings, "long", ""), BTF_KIND_INT, 0, 8);
	rs_str_append(&types, &encoding, sizeof(encoding));
	param = add_name(&strings, "a", "");
	for (uint32_t i = 0; i < image->n_funcs; i++) {
		add_function(&types, &strings, &image->funcs[i], !i, param, &id);
		ret_ids[i] = id;
	}
	header = (struct btf_header){ .magic = BTF_MAGIC,
				      .version = BTF_VERSION,
				      .hdr_len = sizeof(header),
				      .type_len = (uint32_t)types.len,
				      .str_off = (uint32_t)types.len,
				      .str_len = (uint32_t)strings.len };
	if (types.error || strings.error)
		return -ENOMEM;
	rs_str_append(out, &header, sizeof(header));
	rs_str_append(out, types.data, types.len);
	return rs_str_append(out, strings.data, strings.len);
}

/* Descriptor of the BTF, and a struct bpf_func_info for each function. */
static int load_btf(const struct rs_ir_image *image, struct bpf_func_info *infos)
{
	_cleanup_(rs_cleanup_free) uint32_t *ids = calloc(image->n_funcs, sizeof(*ids));
	_cleanup_(rs_str_done) struct rs_str btf = RS_STR_INIT(0);
	union bpf_attr attr;
	int r;

	if (!ids)
		return -ENOMEM;
	r = rs_trace_func_btf(image, &btf, ids);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < image->n_funcs; i++)
		infos[i] = (struct bpf_func_info){ image->funcs[i].insn, ids[i] };
	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr(btf.data);
	attr.btf_size = (uint32_t)btf.len;
	return rs_bpf_call(BPF_BTF_LOAD, &attr, sizeof(attr));
}

/* --- instructions --- */

static void set_source(struct rs_ir_insn *insn, uint8_t source)
{
	insn->regs = (uint8_t)((insn->regs & 0x0f) | source << 4);
}

static int fix(const struct rs_trace_loader *loader, struct rs_ir_insn *insns, uint32_t n_insns,
	       const struct rs_ir_fixup *fixup)
{
	struct rs_ir_insn *insn = &insns[fixup->insn];
	int id;

	if (fixup->insn >= n_insns)
		return -EINVAL;
	if (fixup->kind == RS_IR_FIXUP_KFUNC) {
		id = loader->kernel_function ? loader->kernel_function(loader->ctx, fixup->name)
					     : -ENOENT;
		if (id < 0)
			return id;
		set_source(insn, KFUNC_CALL);
		insn->imm = id;
		insn->off = 0;
		return 0;
	}
	if (fixup->map >= loader->program->n_maps)
		return -EINVAL;
	set_source(insn, fixup->kind == RS_IR_FIXUP_MAP ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE);
	insn->imm = loader->maps->fds[fixup->map];
	return 0;
}

static int copy_fixed(const struct rs_trace_loader *loader, const struct rs_ir_image *image,
		      struct rs_ir_insn **ret_insns, struct rs_str *log)
{
	_cleanup_(rs_cleanup_free) struct rs_ir_insn *insns = malloc(image->n_insns *
								     sizeof(*insns));

	if (!insns)
		return -ENOMEM;
	memcpy(insns, image->insns, image->n_insns * sizeof(*insns));
	for (uint32_t i = 0; i < image->n_fixups; i++) {
		int r = fix(loader, insns, image->n_insns, &image->fixups[i]);

		if (r == -ENOENT && image->fixups[i].name)
			rs_str_appendf(
				log,
				"%u: (85) call %s\ncalling kernel function %s is not allowed\n",
				image->fixups[i].insn, image->fixups[i].name,
				image->fixups[i].name);
		if (r < 0)
			return r;
	}
	*ret_insns = TAKE_PTR(insns);
	return 0;
}

/* --- loading --- */

/* What comes last says most: "tracepoint:syscalls:sys_enter_openat" becomes "rs_sys_enter_op". */
static void set_name(union bpf_attr *attr, const char *name)
{
	const char *last = strrchr(name, ':');
	size_t at = 3;

	memcpy(attr->prog_name, "rs_", 3);
	for (const char *p = last && last[1] ? last + 1 : name;
	     *p && at < sizeof(attr->prog_name) - 1; p++)
		attr->prog_name[at++] = isalnum((unsigned char)*p) || *p == '.' ? *p : '_';
}

static void set_plan(union bpf_attr *attr, const struct rs_probe_plan *plan)
{
	if (!plan) {
		attr->prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
		return;
	}
	attr->prog_type = plan->prog_type;
	attr->expected_attach_type = plan->attach_type;
	attr->attach_btf_id = plan->attach_btf_id;
	attr->prog_flags = plan->flags;
	if (plan->attach_btf_fd >= 0 && plan->attach_btf_id)
		attr->attach_btf_obj_fd = (uint32_t)plan->attach_btf_fd;
}

/* The verifier gives up with EAGAIN when a signal is pending. */
static int load(union bpf_attr *attr)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = rs_bpf_call(BPF_PROG_LOAD, attr, sizeof(*attr));
	return r;
}

/* Once more, for the log. Kernels before 6.4 cut it at its end, where the reason is, and say -ENOSPC. */
static int load_with_log(union bpf_attr *attr, size_t size, struct rs_str *log)
{
	int r = -ENOSPC;

	for (size = MAX(size, LOG_LEAST); r == -ENOSPC; size = MIN(size * 4, LOG_MOST)) {
		_cleanup_(rs_cleanup_free) char *buf = calloc(1, size);

		if (!buf)
			return -ENOMEM;
		attr->log_buf = ptr(buf);
		attr->log_size = (uint32_t)MIN(size, LOG_MOST);
		attr->log_level = 1;
		r = load(attr);
		if (r < 0 && (r != -ENOSPC || size >= LOG_MOST)) {
			rs_str_append(log, buf, strnlen(buf, size));
			break;
		}
	}
	return r;
}

int rs_trace_load(const struct rs_trace_loader *loader, const struct rs_probe *probe,
		  const struct rs_probe_plan *plan, int *ret_fd, struct rs_str *log)
{
	const struct rs_lang_config *config = &loader->program->config;
	const struct rs_ir_image *image = &probe->image;
	_cleanup_(rs_cleanup_free) struct bpf_func_info *infos = calloc(image->n_funcs + 1,
									sizeof(*infos));
	_cleanup_(rs_cleanup_free) struct rs_ir_insn *insns = NULL;
	_cleanup_(rs_cleanup_close) int btf_fd = -1;
	union bpf_attr attr;
	int r;

	if (!infos)
		return -ENOMEM;
	r = copy_fixed(loader, image, &insns, log);
	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	set_plan(&attr, plan);
	set_name(&attr, probe->name);
	attr.insns = ptr(insns);
	attr.insn_cnt = image->n_insns;
	attr.license = ptr(config->license ? config->license : "GPL");
	if (image->n_funcs > 1) {
		btf_fd = load_btf(image, infos);
		if (btf_fd < 0)
			return btf_fd;
		attr.prog_btf_fd = (uint32_t)btf_fd;
		attr.func_info = ptr(infos);
		attr.func_info_cnt = image->n_funcs;
		attr.func_info_rec_size = sizeof(*infos);
	}
	r = load(&attr);
	if (r < 0)
		r = load_with_log(&attr, config->log_size, log);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}
