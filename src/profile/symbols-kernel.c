/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the kernel: its own functions, modules, BPF programs, trampolines, all from kallsyms. */
#include <string.h>

#include "base/clock.h"
#include "profile/symbols-internal.h"

#define KERNEL   "[kernel]"
#define AGAIN_NS 10000000000ull /* between two readings of kallsyms */
#define FAR      (64u << 10)    /* no function of a module or program is as long */
#define BUILTIN  "__builtin__"  /* what kallsyms puts before "ftrace" and "kprobes" */

/* Modules and programs come and go while we watch: an address far behind the last symbol known lies in a new one. */
static bool find(struct rs_symbols *symbols, uint64_t address, struct rs_ksym *ret_ksym)
{
	bool found = symbols->ksyms && rs_ksyms_find(symbols->ksyms, address, ret_ksym);
	uint64_t now;

	if (found && (!*ret_ksym->module || address - ret_ksym->address < FAR))
		return true;
	now = rs_clock_mono();
	if (!symbols->ksyms_read || now - symbols->ksyms_read > AGAIN_NS) {
		rs_ksyms_free(&symbols->ksyms);
		symbols->ksyms_read = now;
		if (rs_ksyms_new(&symbols->ksyms, NULL) < 0)
			return false;
	}
	return symbols->ksyms && rs_ksyms_find(symbols->ksyms, address, ret_ksym);
}

/* "nf_tables" -> "[nf_tables]", "__builtin__ftrace" -> "[ftrace]" */
static const char *module_name(struct rs_symbols *symbols, const char *module)
{
	const char *text;

	if (!*module)
		return KERNEL;
	if (strncmp(module, BUILTIN, strlen(BUILTIN)) == 0)
		module += strlen(BUILTIN);
	text = rs_arena_printf(&symbols->strings, "[%s]", module);
	return text ? text : "[module]";
}

size_t rs_symbols_kernel(struct rs_symbols *symbols, uint64_t address, bool caller,
			 struct rs_frame *frames, size_t max)
{
	struct rs_ksym ksym;

	if (!max)
		return 0;
	rs_arena_done(&symbols->strings);
	frames[0] = (struct rs_frame){
		.function = KERNEL,
		.module = KERNEL,
		.kind = RS_FRAME_KERNEL,
		.address = address,
	};
	if (!find(symbols, address - caller, &ksym)) {
		symbols->kernel_unknown++;
		return 1;
	}
	frames[0].function = ksym.name;
	frames[0].module = module_name(symbols, ksym.module);
	if (*ksym.module)
		frames[0].kind = RS_FRAME_MODULE;
	return 1;
}
