/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The compiler's questions about types, answered from the kernel's BTF: structs, unions, enums, typedefs,
 * constants, the arguments of functions, of raw tracepoints and of iterators. Structs and enums are lazy;
 * what is in them is converted when the compiler asks for it. Nothing is opened before the first question.
 *
 * Pointers: what is tagged __user points to RS_SPACE_USER; parameters point to RS_SPACE_KERNEL (the analysis
 * makes RS_SPACE_BTF of it where the context is typed: fentry, tp_btf); members of structs have
 * RS_SPACE_UNKNOWN and take the space of the struct (rs_type_field()), but for those of an iterator's
 * context, which are RS_SPACE_BTF and may be NULL.
 */

#include "kern/btf.h"
#include "lang/source.h"

struct rs_trace_types;

/* set is borrowed: the types may be asked for as long as it is there. -ENOMEM. */
int rs_trace_types_new(struct rs_btf_set *set, struct rs_trace_types **ret_types);
void rs_trace_types_free(struct rs_trace_types **types);

/* Fills find_type, complete_type, find_constant, find_function, find_rawtracepoint, find_iter and
 * nearest_type; ctx becomes types: who has other callbacks too keeps this source and calls through it. */
void rs_trace_types_source(struct rs_trace_types *types, struct rs_lang_source *source);
