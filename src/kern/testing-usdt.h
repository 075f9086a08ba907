/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A USDT probe here, for tests: what the documentation of <sys/sdt.h> says is written, in our own words. One
 * argument that is a constant. The semaphore is an object by its name in assembler, or "0".
 */
#define TESTING_USDT(provider, name, args, semaphore)                                              \
	__asm__ volatile(TESTING_USDT_TEXT(provider, name, args, semaphore))

/* The same with operands that come before it: inputs, "D"(x) and the like. The % of args are doubled then. */
#define TESTING_USDT_WITH(provider, name, args, semaphore, ...)                                    \
	__asm__ volatile(TESTING_USDT_TEXT(provider, name, args, semaphore)::__VA_ARGS__ : "memory")

#define TESTING_USDT_TEXT(provider, name, args, semaphore)                                         \
	"990: nop\n"                                                                               \
	".pushsection .note.stapsdt, \"\", \"note\"\n"                                             \
	".balign 4\n"                                                                              \
	".4byte 992f - 991f, 994f - 993f, 3\n"                                                     \
	"991: .asciz \"stapsdt\"\n"                                                                \
	"992: .balign 4\n"                                                                         \
	"993: .8byte 990b, 0, " semaphore "\n"                                                     \
	".asciz \"" provider "\"\n"                                                                \
	".asciz \"" name "\"\n"                                                                    \
	".asciz \"" args "\"\n"                                                                    \
	"994: .balign 4\n"                                                                         \
	".popsection\n"
