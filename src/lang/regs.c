/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where struct pt_regs of this machine keeps its registers: arch/x86/include/asm/ptrace.h and
 * arch/arm64/include/uapi/asm/ptrace.h (struct user_pt_regs). One table each; the programs run where the
 * compiler does.
 */

#include <string.h>

#include "lang/sema.h"

struct reg {
	const char *name;
	const char *also; /* as the debugger calls it */
	int offset;
};

#if defined(__x86_64__)

static const struct reg regs[] = {
	{ "r15", "", 0 },           { "r14", "", 8 },
	{ "r13", "", 16 },          { "r12", "", 24 },
	{ "bp", "rbp", 32 },        { "bx", "rbx", 40 },
	{ "r11", "", 48 },          { "r10", "", 56 },
	{ "r9", "", 64 },           { "r8", "", 72 },
	{ "ax", "rax", 80 },        { "cx", "rcx", 88 },
	{ "dx", "rdx", 96 },        { "si", "rsi", 104 },
	{ "di", "rdi", 112 },       { "orig_ax", "orig_rax", 120 },
	{ "ip", "rip", 128 },       { "cs", "", 136 },
	{ "flags", "eflags", 144 }, { "sp", "rsp", 152 },
	{ "ss", "", 160 },          { "pc", "rip", 128 },
};
static const char *const arguments[] = { "di", "si", "dx", "cx", "r8", "r9" };
#define RESULT "ax"
#define IP     "ip"

#elif defined(__aarch64__)

static const struct reg regs[] = {
	{ "r0", "x0", 0 },     { "r1", "x1", 8 },     { "r2", "x2", 16 },    { "r3", "x3", 24 },
	{ "r4", "x4", 32 },    { "r5", "x5", 40 },    { "r6", "x6", 48 },    { "r7", "x7", 56 },
	{ "r8", "x8", 64 },    { "r9", "x9", 72 },    { "r10", "x10", 80 },  { "r11", "x11", 88 },
	{ "r12", "x12", 96 },  { "r13", "x13", 104 }, { "r14", "x14", 112 }, { "r15", "x15", 120 },
	{ "r16", "x16", 128 }, { "r17", "x17", 136 }, { "r18", "x18", 144 }, { "r19", "x19", 152 },
	{ "r20", "x20", 160 }, { "r21", "x21", 168 }, { "r22", "x22", 176 }, { "r23", "x23", 184 },
	{ "r24", "x24", 192 }, { "r25", "x25", 200 }, { "r26", "x26", 208 }, { "r27", "x27", 216 },
	{ "r28", "x28", 224 }, { "r29", "x29", 232 }, { "r30", "x30", 240 }, { "fp", "", 232 },
	{ "lr", "", 240 },     { "sp", "", 248 },     { "pc", "ip", 256 },   { "pstate", "", 264 },
};
static const char *const arguments[] = { "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7" };
#define RESULT "r0"
#define IP     "pc"

#else
#error "no table of registers for this machine"
#endif

int rs_regs_offset(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++)
		if (strcmp(name, regs[i].name) == 0 ||
		    (*regs[i].also && strcmp(name, regs[i].also) == 0))
			return regs[i].offset;
	return -1;
}

int rs_regs_argument(unsigned n)
{
	return n < ARRAY_SIZE(arguments) ? rs_regs_offset(arguments[n]) : -1;
}

int rs_regs_result(void)
{
	return rs_regs_offset(RESULT);
}

int rs_regs_ip(void)
{
	return rs_regs_offset(IP);
}

int rs_regs_sp(void)
{
	return rs_regs_offset("sp");
}
