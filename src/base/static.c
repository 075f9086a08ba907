/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite can load extensions, from shared objects. A static program cannot: with these here the linker does
 * not take libc's loader in, of which nothing would work.
 */
#ifdef RS_STATIC

#include <dlfcn.h>
#include <stddef.h>

void *dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *dlerror(void)
{
	static char text[] = "a static program loads nothing";

	return text;
}

#else

typedef int not_empty; /* a dynamic program has libc's */

#endif
