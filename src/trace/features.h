/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the kernel lets programs of scripts use: tried when the compiler asks, by the thing itself, each once. */

#include "kern/btf.h"
#include "lang/source.h"

struct rs_trace_features {
	struct rs_btf_set *btf;                           /* borrowed; may be NULL */
	uint8_t answers[sizeof(struct rs_lang_features)]; /* by offset; 0: not asked yet */
};

/* The feature at this offset of struct rs_lang_features: has_feature of struct rs_lang_source. */
bool rs_trace_has_feature(struct rs_trace_features *features, size_t offset);

/* The i-th feature's name and offset, for lists; false after the last. */
bool rs_trace_feature_name(unsigned i, const char **ret_name, size_t *ret_offset);

/* BTF id of a function that programs may call (kfunc), in the kernel itself. Or -ENOENT. */
int rs_trace_kernel_function(struct rs_btf_set *btf, const char *name);
