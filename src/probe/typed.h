/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the kernel's types (BTF) tell about its functions and tracepoints. Private to this room. */

#include "kern/btf.h"
#include "probe/kind.h"

/* What has a type of its own: functions, raw tracepoints (typedef btf_trace_NAME), iterators (function
 * bpf_iter_NAME). */
enum rs_typed {
	RS_TYPED_FUNCTION,
	RS_TYPED_RAWTRACEPOINT,
	RS_TYPED_ITER,
};

/*
 * The number of its type; 0: there is none of this name. *ret_module (may be NULL): the module's number in the
 * set. module "": any.
 */
uint32_t rs_typed_find(struct rs_probes *probes, enum rs_typed what, const char *module,
		       const char *name, unsigned *ret_module);

static inline uint32_t rs_typed_function(struct rs_probes *probes, const char *module,
					 const char *name, unsigned *ret_module)
{
	return rs_typed_find(probes, RS_TYPED_FUNCTION, module, name, ret_module);
}

/* Calls fn for each whose module and name match, in their order. -ENODATA: this kernel has no types. */
int rs_typed_each(struct rs_probes *probes, enum rs_typed what, const char *module,
		  const char *name, int (*fn)(const char *name, const char *module, void *data),
		  void *data, struct rs_error *err);

/* The nearest name to this one, or NULL; valid as long as the types. */
const char *rs_typed_nearest(struct rs_probes *probes, enum rs_typed what, const char *name);

/* Calls fn with each argument as "struct file * file", and with "int retval" where @retval. */
int rs_typed_arguments(struct rs_probes *probes, enum rs_typed what, const char *module,
		       const char *name, bool retval, int (*fn)(const char *text, void *data),
		       void *data);

/* For attach_btf_id and attach_btf_obj_fd (-1: the kernel itself). -ENOENT with err. The descriptor is kept. */
int rs_typed_plan(struct rs_probes *probes, enum rs_typed what, const struct rs_attach_point *point,
		  struct rs_probe_plan *plan, struct rs_error *err);
