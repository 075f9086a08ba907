/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the compiler asks of this machine, answered: types, probes and features, each opened when it is first asked
 * for. */

#include "lang/source.h"
#include "probe/probe.h"
#include "trace/features.h"
#include "trace/trace.h"

struct rs_trace_source;

int rs_trace_source_new(const struct rs_trace_options *options, struct rs_trace_source **ret_source,
			struct rs_error *err);
void rs_trace_source_free(struct rs_trace_source **source);

/* All valid as long as the source. */
const struct rs_lang_source *rs_trace_source_lang(const struct rs_trace_source *source);
/* -EPERM or -EACCES: where probes are was not shown to us, so that mistakes are not the script's. Else 0. */
int rs_trace_source_denied(const struct rs_trace_source *source);
struct rs_probes *rs_trace_source_probes(struct rs_trace_source *source);
struct rs_btf_set *rs_trace_source_btf(struct rs_trace_source *source);
