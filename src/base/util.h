/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The words every file needs: attributes, ownership marks, and cleanup functions for plain C types. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Both evaluate an argument twice: no side effects in them. */
#ifndef MIN
#define MIN(a, b) (((a) < (b)) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) (((a) > (b)) ? (a) : (b))
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define _cleanup_(fn)       __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_            __attribute__((unused))
#define _noreturn_          __attribute__((noreturn))
#define _fallthrough_       __attribute__((fallthrough))

/* Moves ownership out of a variable: yields its value and leaves NULL (or -1) behind. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *take_ptr_ = &(p);                                                   \
		__typeof__(p) take_val_ = *take_ptr_;                                              \
		*take_ptr_ = NULL;                                                                 \
		take_val_;                                                                         \
	})

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *take_fd_ = &(fd);                                                             \
		int take_val_ = *take_fd_;                                                         \
		*take_fd_ = -1;                                                                    \
		take_val_;                                                                         \
	})

/* For _cleanup_ on a local that owns malloc()ed memory of any pointer type. */
static inline void rs_cleanup_free(void *ptr_to_ptr)
{
	void *p;

	__builtin_memcpy(&p, ptr_to_ptr, sizeof(p));
	free(p);
	p = NULL;
	__builtin_memcpy(ptr_to_ptr, &p, sizeof(p));
}

/* For _cleanup_ on a local that owns a file descriptor; -1 means none. */
static inline void rs_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* For _cleanup_ on a local that owns a stdio stream. */
static inline void rs_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
	*file = NULL;
}
