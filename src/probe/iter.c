/* SPDX-License-Identifier: Apache-2.0 */
/* Iterators: the program runs for each object when the link is read. */
#include <limits.h>
#include <linux/bpf.h>

#include "probe/kind.h"
#include "probe/typed.h"

#define PIN_ROOT "/sys/fs/bpf/"

struct walk {
	const struct rs_attach_point *point;
	struct rs_emit *emit;
};

static int emit_match(const char *name, const char *module, void *data)
{
	const struct walk *walk = data;
	struct rs_place place = { .point = *walk->point };

	(void)module;
	place.point.name = name;
	return rs_emit_place(walk->emit, &place);
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	struct walk walk = { point, emit };
	int r = rs_typed_each(probes, RS_TYPED_ITER, "vmlinux", point->name, emit_match, &walk,
			      err);

	if (r < 0 || emit->n)
		return r;
	return rs_point_missing(point, rs_typed_nearest(probes, RS_TYPED_ITER, point->name), err);
}

static int plan(struct rs_probes *probes, const struct rs_probe *probe, struct rs_probe_plan *plan,
		struct rs_error *err)
{
	return rs_typed_plan(probes, RS_TYPED_ITER, &probe->places[0].point, plan, err);
}

/* Where others can read it by its path; it stays there when we are gone. */
static int pin(int link_fd, const char *name, struct rs_error *err)
{
	char path[PATH_MAX];
	union bpf_attr attr;
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : PIN_ROOT, name) >=
	    sizeof(path))
		return rs_error_set(err, -ENAMETOOLONG, "\"%s\": the name is too long", name);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)path;
	attr.bpf_fd = (uint32_t)link_fd;
	r = rs_bpf_call(BPF_OBJ_PIN, &attr, sizeof(attr));
	return r < 0 ? rs_error_set_errno(err, r, "pinning the iterator to \"%s\"", path) : 0;
}

static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	const char *name = attach->probe->places[place].point.target;
	_cleanup_(rs_cleanup_close) int fd = rs_bpf_link_create(attach->prog_fd, 0, BPF_TRACE_ITER);
	int r = 0;

	if (fd < 0)
		return rs_error_set_errno(err, fd, "making the iterator");
	if (*name)
		r = pin(fd, name, err);
	return r < 0 ? r : rs_attach_link(attach, TAKE_FD(fd), false, err);
}

const struct rs_probe_kind rs_kind_iter = {
	.expand = expand,
	.plan = plan,
	.attach = attach,
	.kernel = true,
};
