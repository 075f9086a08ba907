/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>
#undef ARRAY_SIZE /* ours is the same */

#include "kern/demangle.h"

#define MANGLED_MAX                                                                                \
	4096 /* longer ones stay as they are: they take time that grows faster than they do */

int rs_demangle(const char *mangled, struct rs_str *out)
{
	_cleanup_(rs_cleanup_free) char *text = NULL;

	/* Itanium C++ and old Rust names begin with _Z, new Rust ones with _R. */
	if (mangled[0] != '_' || (mangled[1] != 'Z' && mangled[1] != 'R'))
		return 0;
	if (strnlen(mangled, MANGLED_MAX) == MANGLED_MAX)
		return 0;
	text = cplus_demangle(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
	if (!text)
		return 0;
	return rs_str_append_cstr(out, text) < 0 ? out->error : 1;
}
