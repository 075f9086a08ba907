/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/refuse.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* --- the log --- */

/* "12: (85) call bpf_get_stack#67", also with states behind. */
static bool is_insn(const char *line, size_t len, uint32_t *ret_insn)
{
	uint64_t number = 0;
	size_t at = 0;

	while (at < len && isdigit((unsigned char)line[at]) && number < UINT32_MAX)
		number = number * 10 + (uint64_t)(line[at++] - '0');
	if (!at || number > UINT32_MAX || len - at < 4 || memcmp(line + at, ": (", 3) != 0)
		return false;
	*ret_insn = (uint32_t)number;
	return true;
}

/* Lines of the kernel's about itself, its states and where it came from. */
static bool is_noise(const char *line, size_t len)
{
	static const char *const starts[] = {
		"processed ",  "verification time",
		"stack depth", "from ",
		"; ",          "mark_precise",
		"regs=",       "parent ",
		"last_idx",    "func#",
		"callback",    "caller",
		" R",          "R0=",
		"R1=",         "returning from",
		"arg#",
	};
	size_t digits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t n = strlen(starts[i]);

		if (len >= n && !memcmp(line, starts[i], n))
			return true;
	}
	while (digits < len && isdigit((unsigned char)line[digits]))
		digits++;
	return !len || (digits && digits < len && line[digits] == ':'); /* "12: R1=ctx()" */
}

void rs_refusal_parse(const char *log, size_t len, struct rs_refusal *ret_refusal)
{
	struct rs_refusal found = { 0 };
	const char *end = log + len;

	for (const char *line = log; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((newline ? newline : end) - line);

		if (is_insn(line, n, &found.insn)) {
			found.has_insn = true;
			found.message = found.before = NULL;
		} else if (!is_noise(line, n)) {
			found.before = found.message;
			found.before_len = found.message_len;
			found.message = line;
			found.message_len = n;
		}
		line += n + 1;
	}
	*ret_refusal = found;
}

struct widest {
	uint32_t at;
	struct rs_span span;
};

static bool look(struct rs_node *node, void *ctx)
{
	struct widest *widest = ctx;

	if (node->span.at == widest->at && !node->span.source && node->span.len > widest->span.len)
		widest->span = node->span;
	return true;
}

/* Lowering notes the first byte of what it works on, plus one: the widest part of the script that begins there. */
static struct rs_span location_span(const struct rs_program *program, const struct rs_probe *probe,
				    uint32_t location)
{
	const struct rs_script *script = program->script;
	struct widest widest = { location - 1, { .at = location - 1, .len = 1 } };

	if (location) {
		rs_node_walk(probe->predicate, look, &widest);
		rs_node_walk(probe->body, look, &widest);
		return widest.span;
	}
	if (script && probe->clause < script->n_clauses)
		return script->clauses[probe->clause].span;
	return (struct rs_span){ 0 };
}

struct rs_span rs_trace_span(const struct rs_probe *probe, const struct rs_program *program,
			     uint32_t insn)
{
	const struct rs_ir_image *image = &probe->image;
	uint32_t location = 0;

	for (uint32_t i = 0; i < image->n_lines && image->lines[i].insn <= insn; i++)
		location = image->lines[i].location;
	return location_span(program, probe, location);
}

/* --- what it means --- */

struct meaning {
	const char *pattern; /* as fnmatch-like text: '*' is any text */
	const char *text;    /* %s: what the call was, or the kernel's own words */
	const char *hint;    /* NULL: none */
};

#define CALLED "what is called here (%s)"

static const struct meaning meanings[] = {
	{ "*map_value_or_null'*", "the element of the map may not be there",
	  "this is a mistake of the compiler, not of the script: please report it with the log (-v)" },
	{ "*or_null*", "this pointer may be NULL", "ask first: if ($p != 0) { ... }" },
	{ "*invalid mem access 'scalar'*",
	  "this address is a plain number to the kernel, which lets programs read from it only by a copy",
	  "cast it to a pointer of a struct: the copy is then made" },
	{ "*invalid mem access 'inv'*",
	  "this address is a plain number to the kernel, which lets programs read from it only by a copy",
	  "cast it to a pointer of a struct: the copy is then made" },
	{ "*invalid mem access*", "the kernel does not let programs read from this address", NULL },
	{ "*combined stack size*", "this takes more than the 512 bytes of stack that a program has",
	  "fewer or smaller variables; on_stack_limit moves values off the stack" },
	{ "*stack*too large*", "this takes more than the 512 bytes of stack that a program has",
	  "fewer or smaller variables; on_stack_limit moves values off the stack" },
	{ "*invalid*stack*", "this reads stack memory that nothing was written to, or past its end",
	  NULL },
	{ "*BPF program is too large*",
	  "the program is too long for the kernel to check: it gave up here",
	  "fewer rounds in loops, fewer branches; or split the work between probes" },
	{ "*too complex*",
	  "the program has more branches than the kernel can follow: it gave up here",
	  "fewer rounds in loops, fewer branches; or split the work between probes" },
	{ "*infinite loop*", "the kernel can not see that this loop ends",
	  "for ($i : 0..n) { ... } always ends" },
	{ "*back-edge*", "this kernel takes no loops (they came with Linux 5.3)",
	  "unroll(n) { ... } makes copies" },
	{ "*loop is not bounded*", "the kernel can not see that this loop ends",
	  "for ($i : 0..n) { ... } always ends" },
	{ "*unknown func*", "this kernel does not have " CALLED,
	  "`ringside trace --info` tells what it has" },
	{ "*invalid func*", "this kernel does not have " CALLED,
	  "`ringside trace --info` tells what it has" },
	{ "*cannot use helper*", "programs at this probe may not use " CALLED,
	  "another kind of probe may: `ringside trace --info` tells which" },
	{ "*math between*pointer*",
	  "the kernel does not let programs calculate with this address that way", NULL },
	{ "*total number of maps*", "one program uses more maps than the kernel takes (64)",
	  "split the work between probes, or put several values into one map with keys" },
	{ "*verifier bug*",
	  "the kernel's check of programs failed (a mistake of this kernel, not of the script)",
	  "a loop or a condition written another way may pass; -v shows the kernel's log" },
	{ "*is not allowed*", "programs at this probe may not call " CALLED,
	  "`ringside trace --info` tells what there is" },
	{ "*leaks addr*",
	  "this would give an address of the kernel's to somebody who may not know it",
	  "run as root, or with CAP_PERFMON" },
	{ "*pointer comparison prohibited*", "addresses of the kernel's may not be compared here",
	  "run as root, or with CAP_PERFMON" },
	{ "*At program exit*",
	  "what the program returns is not what the kernel takes from this probe", NULL },
	{ "*invalid bpf_context access*",
	  "the kernel does not let programs at this probe read this argument", NULL },
	{ "*invalid access to map value*", "this reaches past the end of the value",
	  "an index that comes from outside must be checked: if ($i < n) { ... }" },
	{ "*invalid access to memory*", "this reaches past the end of the memory",
	  "an index that comes from outside must be checked: if ($i < n) { ... }" },
	{ "*unbounded*", "the kernel can not see how large this number may be",
	  "bound it first: if ($n < 100) { ... }, or $n & 0xff" },
	{ "*min value is negative*", "the kernel can not see that this number is never negative",
	  "bound it first: if ($n >= 0) { ... }, or $n & 0xff" },
	{ "*only use preallocated hash*",
	  "programs at this probe need a map whose room is taken at once",
	  "`let @m = hash(n)` declares one" },
	{ "*nreleased reference*", "something that was taken is not given back on every way out",
	  "this is a mistake of the compiler, not of the script: please report it with the log (-v)" },
	{ "*must have license*", "%s: only programs under the GPL may do that",
	  "config = { license = \"GPL\" }" },
	{ "*cannot call GPL*", "only programs under the GPL may call this",
	  "config = { license = \"GPL\" }" },
	{ "*is not a function*", "the kernel has no such function to attach to", NULL },
	{ "*not*attach*", "the kernel does not let programs be attached there: %s", NULL },
};

/* '*' is any text; everything else stands for itself, case included. */
static bool matches(const char *pattern, const char *text, size_t len)
{
	size_t i = 0, star_text = 0;
	const char *star = NULL;

	while (i < len) {
		if (*pattern == '*') {
			star = ++pattern;
			star_text = i;
		} else if (*pattern && *pattern == text[i]) {
			pattern++;
			i++;
		} else if (star) {
			pattern = star;
			i = ++star_text;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* The kernel often says it twice, in general and then in particular. */
static const struct meaning *find_meaning(const struct rs_refusal *refusal)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (refusal->message &&
		    matches(meanings[i].pattern, refusal->message, refusal->message_len))
			return &meanings[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (refusal->before &&
		    matches(meanings[i].pattern, refusal->before, refusal->before_len))
			return &meanings[i];
	}
	return NULL;
}

/* The helper's name in "unknown func bpf_loop#181" and the like, else all of it. */
static const char *subject(struct rs_arena *arena, const struct rs_refusal *refusal)
{
	const char *text = rs_arena_strndup(arena, refusal->message, refusal->message_len);
	const char *name = text ? strstr(text, "bpf_") : NULL;

	if (!text)
		return "";
	if (!name)
		return text;
	return rs_arena_strndup(arena, name, strcspn(name, "# "));
}

static void tell_meaning(struct rs_diags *diags, struct rs_span span, const struct meaning *meaning,
			 const struct rs_refusal *refusal)
{
	const char *what = subject(diags->arena, refusal), *mark = strstr(meaning->text, "%s");
	int before = mark ? (int)(mark - meaning->text) : (int)strlen(meaning->text);

	rs_diag_error(diags, span, "the program is refused by the kernel: %.*s%s%s", before,
		      meaning->text, mark && what ? what : "", mark ? mark + 2 : "");
	if (meaning->hint)
		rs_diag_hint(diags, "%s", meaning->hint);
}

/* Without a word of the verifier's. */
static void tell_error(struct rs_diags *diags, struct rs_span span, int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		rs_diag_error(diags, span,
			      "the kernel does not let us load a program for this probe");
		rs_diag_hint(
			diags,
			"it takes root, or CAP_BPF and CAP_PERFMON; a locked-down kernel refuses some "
			"kinds to everybody");
		return;
	case -E2BIG:
		rs_diag_error(diags, span, "the program is too long for this kernel");
		return;
	case -EINVAL:
		rs_diag_error(diags, span, "this kernel has no programs for this kind of probe");
		return;
	default:
		rs_diag_error(diags, span, "loading the program: %s", strerror(-error));
	}
}

void rs_trace_refused(struct rs_diags *diags, const struct rs_program *program,
		      const struct rs_probe *probe, int error, const char *log, size_t len)
{
	struct rs_span span = location_span(program, probe, 0);
	const struct meaning *meaning;
	struct rs_refusal refusal;

	rs_refusal_parse(log, len, &refusal);
	if (refusal.has_insn)
		span = rs_trace_span(probe, program, refusal.insn);
	meaning = find_meaning(&refusal);
	if (meaning) {
		tell_meaning(diags, span, meaning, &refusal);
	} else if (refusal.message) {
		rs_diag_error(diags, span, "the program is refused by the kernel: %.*s",
			      (int)refusal.message_len, refusal.message);
		rs_diag_hint(diags, "-v shows the kernel's log");
	} else {
		tell_error(diags, span, error);
	}
}
