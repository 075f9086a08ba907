/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ringside trace`: what the compiler makes of each part of the language, taken by this kernel's verifier and giving
 * the right answers. Where code differs by the type of the program, in several of them.
 */
#include <string.h>

#include "base/util.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"
#include "tests/kernel/lib/tracing.h"

/* Most rows leave out what they do not need. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define MINE "/pid == cpid/"
#define ONCE "tracepoint:syscalls:sys_enter_getpgid /pid == cpid && args.pid == 0/"

static const struct tracing_row loops[] = {
	{ "for: a range",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { for ($i : 1..5) { printf(\"%d \", $i); @sum += $i; } printf(\"\\n\"); }",
	  { "^1 2 3 4 $", "^@sum: 10$" } },
	{ "for: a range that only the run knows",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @to = 300; $n = 0; for ($i : -3..@to) { $n += $i; } printf(\"%d\\n\", $n); }",
	  { "^44844$" } },
	{ "for: break, continue",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $n = 0; for ($i : 0..100) { if ($i % 2) { continue; } if ($i > 10) { break; }"
	  " $n += $i; } printf(\"%d\\n\", $n); }",
	  { "^30$" } },
	{ "for: one in another",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $n = 0; for ($i : 0..10) { for ($j : 0..$i) { if ($j == 5) { break; } $n++; } }"
	  " printf(\"%d\\n\", $n); }",
	  { "^35$" } },
	{ "for: return",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { for ($i : 0..10) { if ($i == 4) { @ = $i; return; } } @ = 100; }",
	  { "^@: 4$" } },
	{ "for: a map's elements",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { @m[1] = 10; @m[2] = 20; @m[3] = 30; for ($kv : @m) { @k += $kv.0; @v += $kv.1; } clear(@m); }",
	  { "^@k: 6$", "^@v: 60$" } },
	{ "for: elements with several keys",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { @m[1, \"a\"] = (int64)1; @m[2, \"b\"] = 2; for ($kv : @m)"
	  " { printf(\"%d %s %d\\n\", $kv.0.0, $kv.0.1, $kv.1); } }",
	  { "^1 a 1$", "^2 b 2$" } },
	{ "for: deleting on the way",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { for ($i : 0..20) { @m[$i] = $i; } for ($kv : @m) { if ($kv.0 % 2) { delete(@m, $kv.0); } }"
	  " printf(\"%d\\n\", len(@m)); clear(@m); }",
	  { "^10$" } },
	{ "for: variables from around",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { @m[1] = 1; @m[2] = 2; $max = 0; $s = \"none\"; for ($kv : @m) { if ($kv.1 > $max)"
	  " { $max = $kv.1; $s = \"some\"; } } printf(\"%d %s\\n\", $max, $s); }",
	  { "^2 some$" } },
	{ "for: break in a map",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { for ($i : 0..9) { @m[$i] = 1; } for ($kv : @m) { @n++; if (@n == 3) { break; } continue; }"
	  " clear(@m); }",
	  { "^@n: 3$" } },
	{ "for: a map in a map",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { for ($i : 0..3) { @a[$i] = $i; @b[$i] = $i; } for ($x : @a) { for ($y : @b)"
	  " { @n += $x.1 * $y.1; } } clear(@a); clear(@b); }",
	  { "^@n: 9$" } },
	{ "for: elements that each CPU has",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { @c[1] = count(); @c[1] = count(); @c[2] = count(); @a[1] = avg(10); @a[1] = avg(20);"
	  " for ($kv : @c) { printf(\"c %d %d\\n\", $kv.0, (int64)$kv.1); }"
	  " for ($kv : @a) { printf(\"a %d %d\\n\", $kv.0, (int64)$kv.1); } }",
	  { "^c 1 2$", "^c 2 1$", "^a 1 15$" } },
	{ "while",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $i = 0; $n = 0; while ($i < 100) { $i++; if ($i % 3) { continue; } if ($i > 50) { break; }"
	  " $n += $i; } printf(\"%d %d\\n\", $i, $n); }",
	  { "^51 408$" } },
	{ "while: one in another",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $i = 0; while ($i < 5) { $j = 0; while ($j < 5) { @n++; $j++; } $i++; } }",
	  { "^@n: 25$" } },
	{ "unroll",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $i = 1; unroll(6) { $i = $i * 2; } printf(\"%d\\n\", $i); unroll($1) { @n++; } }",
	  { "^64$", "^@n: 3$" },
	  .parameter = "3" },
	{ "loops where a process is",
	  NEED_NOTHING,
	  "getpgid",
	  ONCE " { for ($i : 0..50) { @s += $i; } $j = 0; while ($j < 50) { $j++; @w += $j; } }",
	  { "^@s: 1225$", "^@w: 1275$" } },
	{ "loops in a sample",
	  NEED_NOTHING,
	  "spin",
	  "profile:hz:99 " MINE
	  " { if (@done == 0) { @done = 1; for ($i : 0..50) { @s += $i; } } }",
	  { "^@s: 1225$" } },
	{ "loops in a function's probe",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_inner { for ($i : 0..arg0) { @s += $i; } }",
	  { "^@s: 210$" } },
	{ "loops where the kernel's functions begin",
	  NEED_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate /pid == cpid && args.mode == 3/ { for ($i : 0..args.mode) { @s += $i; }"
	  " $i = 0; while ($i < 10) { $i++; @w++; } }",
	  { "^@s: 3$", "^@w: 10$" } },
	{ "elements where a process is",
	  NEED_FOR_EACH,
	  "getpgid",
	  ONCE " { @m[1] = 2; for ($kv : @m) { @f += $kv.1; } }",
	  { "^@f: 2$" } },
	{ "elements in a sample",
	  NEED_FOR_EACH,
	  "spin",
	  "profile:hz:99 " MINE " { @m[1] = 2; @f = 0; for ($kv : @m) { @f += $kv.1; } }",
	  { "^@f: 2$" } },
	{ "elements in a function's probe",
	  NEED_FOR_EACH,
	  "functions",
	  "uprobe:{self}:traced_inner { @m[1] = 2; for ($kv : @m) { @f += $kv.1; } }",
	  { "^@f: 2$" } },
	{ "elements where the kernel's functions begin",
	  NEED_FOR_EACH_FENTRY,
	  "fallocate",
	  "fentry:vfs_fallocate /pid == cpid && args.mode == 3/ { @m[1] = 2; for ($kv : @m) { @f += $kv.1; } }",
	  { "^@f: 2$" } },
};

static const struct tracing_row aggregates[] = {
	{ "count, sum, avg, min, max, stats",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { for ($i : 1..6) { @c = count(); @s = sum($i); @a = avg($i); @i = min($i); @x = max($i);"
	  " @t = stats($i); } }",
	  { "^@c: 5$", "^@s: 15$", "^@a: 3$", "^@i: 1$", "^@x: 5$",
	    "^@t: \\{ \\.count = 5, \\.average = 3, \\.total = 15 \\}$" } },
	{ "the same of negative numbers",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { for ($i : -5..0) { @s = sum($i); @a = avg($i); @i = min($i); @x = max($i); @t = stats($i); } }",
	  { "^@s: -15$", "^@a: -3$", "^@i: -5$", "^@x: -1$",
	    "^@t: \\{ \\.count = 5, \\.average = -3, \\.total = -15 \\}$" } },
	{ "the same by key",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { for ($i : 0..6) { @c[$i % 2] = count(); @s[$i % 2, \"k\"] = sum($i); @a[\"k\"] = avg($i);"
	  " @i[$i % 2] = min($i); @x[$i % 2] = max($i); @t[$i % 2] = stats($i); } }",
	  { "^@c\\[0\\]: 3$", "^@s\\[1, k\\]: 9$", "^@a\\[k\\]: 2$", "^@i\\[1\\]: 1$",
	    "^@x\\[0\\]: 4$", "^@t\\[1\\]: \\{ \\.count = 3, \\.average = 3, \\.total = 9 \\}$" } },
	{ "hist",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @h = hist(-1); @h = hist(0); @h = hist(1); @h = hist(3); @h = hist(1000000); @k[1] = hist(5, 2); }",
	  { "^\\(\\.\\.\\., 0\\) +1 ", "^\\[0\\] +1 ", "^\\[1\\] +1 ", "^\\[2, 4\\) +1 ",
	    "^\\[512K, 1M\\) +1 ", "^@k\\[1\\]: *\n\\[5\\] " } },
	{ "lhist",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @h = lhist(-5, 0, 100, 10); @h = lhist(15, 0, 100, 10); @h = lhist(500, 0, 100, 10);"
	  " @k[\"x\"] = lhist(3, 0, 10, 1); }",
	  { "^\\(\\.\\.\\., 0\\) +1 ", "^\\[10, 20\\) +1 ", "^\\[100, \\.\\.\\.\\) +1 ",
	    "^@k\\[x\\]: *\n\\[3(, 4\\)|\\]) " } },
	{ "reading aggregates",
	  NEED_LOOKUP_PERCPU,
	  NULL,
	  "BEGIN { @c = count(); @c = count(); @s = sum(40); @s = sum(2); @a = avg(1); @a = avg(5); @i = min(7);"
	  " @x = max(9); @k[1] = count(); if (@c > 1 && @s == 42) { printf(\"%d %d %d %d %d\\n\", @c,"
	  " (int64)@a, (int64)@i, @x, @k[1]); } }",
	  { "^2 3 7 9 1$" } },
	{ "printing aggregates",
	  NEED_LOOKUP_PERCPU,
	  NULL,
	  "BEGIN { for ($i : 0..5) { @c[$i] = sum($i * 10); } print(@c, 2); print(@c, 1, 5); print(@c[3]); clear(@c);"
	  " @h[1] = hist(2); print(@h); zero(@h); clear(@h); @z = count(); zero(@z); }",
	  { "^@c\\[3\\]: 30\n@c\\[4\\]: 40$", "^@c\\[4\\]: 8$", "^30$", "^@z: 0$" } },
	{ "aggregates in a sample",
	  NEED_NOTHING,
	  "spin",
	  "profile:us:500 " MINE
	  " { @c = count(); @s[cpu >= 0] = sum(2); @h = hist(nsecs); @a = avg(3); @t = stats(1); }",
	  { "^@c: [0-9]+$", "^@s\\[(1|true)\\]: [0-9]+$", "^@a: 3$" } },
};

static const struct tracing_row maps[] = {
	{ "map: numbers",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @a = 1; @a++; ++@a; @a += 10; @b[1] = -1; @b[1]--; @b[2]++; $x = @b[1]++; $y = ++@b[2];"
	  " printf(\"%d %d %d\\n\", @a, $x, $y); }",
	  { "^13 -2 2$", "^@b\\[1\\]: -1$" } },
	{ "map: what is not there",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @m[1] = 5; @s[1] = \"x\"; printf(\"%d [%s] %d %d\\n\", @m[2], @s[2], has_key(@m, 1), has_key(@m, 2)); }",
	  { "^0 \\[\\] (1|true) (0|false)$" } },
	{ "map: delete, len, clear, zero",
	  NEED_FOR_EACH,
	  NULL,
	  "BEGIN { for ($i : 0..8) { @m[$i] = $i; } delete(@m, 3); delete(@m[4]); $n = len(@m); $gone = delete(@m, 99);"
	  " printf(\"%d %d\\n\", $n, $gone); zero(@m); }",
	  { "^6 (0|false)$", "^@m\\[7\\]: 0$" } },
	{ "map: keys and values of all kinds",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @[(1, \"two\", (int8)3)] = (4, \"five\"); @t[1, (2, 3)] = true; @s[\"key\"] = \"value\";"
	  " @p[comm, pid > 0] = nsecs > 0; $v = @[(1, \"two\", (int8)3)]; printf(\"%d %s\\n\", $v.0, $v.1); }",
	  { "^4 five$", "^@\\[\\(?1, two, 3\\)?\\]: \\(4, five\\)$",
	    "^@t\\[1, \\(2, 3\\)\\]: (1|true)$", "^@s\\[key\\]: value$" } },
	{ "map: of the kinds that are declared",
	  NEED_NOTHING,
	  NULL,
	  "let @h = hash(10); let @l = lruhash(10); let @p = percpuhash(10); let @q = percpulruhash(10);"
	  " BEGIN { @h[1] = 1; @l[1] = 2; @p[1] = count(); @q[1] = sum(4); }",
	  { "^@h\\[1\\]: 1$", "^@l\\[1\\]: 2$", "^@p\\[1\\]: 1$", "^@q\\[1\\]: 4$" } },
	{ "map: find",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @m[1] = 5; let $v; if (find(@m, 1, $v)) { printf(\"%d\\n\", $v); } if (!find(@m, 2, $v)) { printf(\"none\\n\"); } }",
	  { "^5$", "^none$" } },
	{ "map: long strings",
	  NEED_NOTHING,
	  "open",
	  "tracepoint:syscalls:sys_enter_openat " MINE
	  " { @s[str(args.filename)] = str(args.filename); @last = str(args.filename); }",
	  { "^@s\\[/nonexistent/short\\]: /nonexistent/short$",
	    "^@s\\[/nonexistent/x{100,}.*\\]: /nonexistent/x{100,}",
	    "^@last: /nonexistent/x{100,}" } },
	{ "map: stacks as values and keys",
	  NEED_NOTHING,
	  "thread",
	  "tracepoint:task:task_newtask " MINE
	  " { @k = kstack; @u[tid] = ustack(3); @b[kstack(2), comm, 1] = count(); }",
	  { "^@k: *\n? +.+\\+[0-9]+$",
	    "^@b\\[\n( +.+\\+[0-9]+\n)+, test-trace-code, 1\\]: [12]$" } },
	{ "map: very many keys",
	  NEED_FOR_EACH,
	  NULL,
	  "config = { max_map_keys = 20000 } BEGIN { for ($i : 0..20000) { @m[$i] = $i; } @n = len(@m); clear(@m); }",
	  { "^@n: 20000$" } },
};

static const struct tracing_row strings[] = {
	{ "string: comparisons",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $a = \"abc\"; $b = str($1); printf(\"%d %d %d %d %d\\n\", $a == \"abc\", $a != \"abd\", $a == $b,"
	  " strncmp($a, \"abx\", 2), strncmp($a, \"abx\", 3) != 0); if (comm == \"ringside\") { printf(\"us\\n\"); } }",
	  { "^(1|true) (1|true) (1|true) 0 (1|true)$", "^us$" },
	  .parameter = "abc" },
	{ "string: length, parts, search",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $s = \"hello world\"; printf(\"%d %c %d %d %s\\n\", strlen($s), $s[4], strcontains($s, \"wor\"),"
	  " strstr($s, \"world\"), str($s, 6)); }",
	  { "^11 o (1|true) 6 hello $" } },
	{ "string: from a process",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_seven { $s = str(arg2); $t = str(arg2, 4); printf(\"[%s] [%s] %d %d\\n\", $s, $t,"
	  " $s == \"a text\", strcontains($s, \"tex\")); @[$s] = strlen($s); }",
	  { "^\\[a text\\] \\[a te\\] (1|true) (1|true)$", "^@\\[a text\\]: 6$" } },
	{ "string: much longer",
	  NEED_NOTHING,
	  "open",
	  "config = { max_strlen = 4096 } tracepoint:syscalls:sys_enter_openat " MINE
	  " { $s = str(args.filename); printf(\"%d [%s]\\n\", strlen($s), $s); }",
	  { "^2999 \\[/nonexistent/x+\\]$" } },
	{ "string: longer than a page of them",
	  NEED_LONG_PROGRAM,
	  "open",
	  "config = { max_strlen = 65536 } tracepoint:syscalls:sys_enter_openat " MINE
	  " { $s = str(args.filename); @[$s == \"/nonexistent/short\"] = count(); printf(\"%d\\n\", strlen($s)); }",
	  { "^2999$" } },
	{ "string: several long ones at once",
	  NEED_NOTHING,
	  "open",
	  "tracepoint:syscalls:sys_enter_openat " MINE
	  " { $a = str(args.filename); $b = str(args.filename); $c = $a; @[$a, $b] = ($c, $a);"
	  " printf(\"%d %s\\n\", $a == $b, $c); }",
	  { "^(1|true) /nonexistent/short$" } },
	{ "string: chosen by a condition",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $s = pid > 1 ? \"long one\" : \"no\"; $t = \"first\"; if (pid > 1) { $t = \"second one\"; } printf(\"%s %s\\n\", $s, $t); }",
	  { "^long one second one$" } },
	{ "buf",
	  NEED_NOTHING,
	  "functions",
	  "uprobe:{self}:traced_seven { printf(\"%r %rx %rh\\n\", buf(arg2, 3), buf(arg2, 3), buf(arg2, (int16)arg4 + 8)); }",
	  { "^a t \\\\x61\\\\x20\\\\x74 61 20 74$" } },
	{ "string: the length of long ones in maps",
	  NEED_LONG_PROGRAM,
	  NULL,
	  "config = { max_strlen = 8192 } BEGIN { @s[1] = str($1); printf(\"%d %d\\n\", strlen(@s[1]), strlen(@s[2])); }",
	  { "^3 0$" },
	  .parameter = "abc" },
	{ "string: patterns in a loop",
	  NEED_LONG_PROGRAM,
	  NULL,
	  "BEGIN { @s[1] = str($1); for ($i : 0..30) { if (globmatch(@s[1], \"a*c\")) { $n = 0; while ($n < 9) { $n++;"
	  " if (strlen(@s[1]) > 5) { break; } } @n += $n; } } }",
	  { "^@n: 270$" },
	  .parameter = "abc" },
	{ "string: the probe's name among others",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $n = pid ? probe : \"none\"; printf(\"%s %d %s\\n\", $n, globmatch(probe, \"b*n\"), str_concat(probe, \"!\")); }",
	  { "^begin (1|true) begin!$" } },
	{ "strerror, signal_name, syscall_name",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { printf(\"%s %s %s\\n\", strerror(2), signal_name(9), syscall_name(1)); }",
	  { "^No such file or directory SIGKILL write$" } },
	{ "ntop, pton, macaddr, bswap",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { printf(\"%s %s %s %x\\n\", ntop(0x0100007f), ntop(pton(\"10.2.3.4\")), ntop(pton(\"::1\")), bswap((uint32)0x12345678)); }",
	  { "^127\\.0\\.0\\.1 10\\.2\\.3\\.4 ::1 78563412$" } },
	{ "join, cat, time, strftime, system",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { cat(\"/proc/sys/kernel/%s\", \"ostype\"); time(\"%Y\\n\"); print(strftime(\"%Y\", nsecs)); system(\"echo %s\", \"said\"); }",
	  { "^Linux$", "^20[0-9][0-9]$", "^said$" },
	  { "--unsafe" } },
};

static const struct tracing_row numbers[] = {
	{ "number: arithmetic",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $a = (int64)-17; $b = (int64)5; $u = (uint64)17; printf(\"%d %d %d %d %d %d\\n\", $a + $b, $a - $b,"
	  " $a * $b, $a / $b, $a % $b, $u / (uint64)5); printf(\"%d %d %d %d %d\\n\", $a & 255, $a | 1, $a ^ 3, $b << 4, $a >> 1); }",
	  { "^-12 -22 -85 -3 -2 3$", "^239 -17 -20 80 -9$" } },
	{ "number: of the run's own",
	  NEED_NOTHING,
	  "getpgid",
	  "tracepoint:syscalls:sys_exit_getpgid " MINE
	  " { $r = args.ret; printf(\"%d %d %d %d\\n\", $r / 2, $r % 2, -$r, $r < 0); }",
	  { "^-1 -1 3 (1|true)$" } },
	{ "number: division by nothing",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @z = 0; printf(\"%d\\n\", 5 / @z); }",
	  { "^1$" },
	  .options = { "--no-warnings" } },
	{ "number: sizes and signs",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @x = 0x1ff; printf(\"%d %d %d %d %d\\n\", (int8)@x, (uint8)@x, (int16)0x8000, (uint32)-1, (bool)@x); }",
	  { "^-1 255 -32768 4294967295 (1|true)$" } },
	{ "number: conditions",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @x = 3; $y = @x > 2 && @x < 5 || @x == 9; $z = !(@x == 3); printf(\"%d %d %d %d\\n\", $y, $z, @x > 2 ? 10 : 20, @x ?: 7);"
	  " if (@x == 1) { printf(\"a\\n\"); } else if (@x == 3) { printf(\"b\\n\"); } else { printf(\"c\\n\"); } }",
	  { "^(1|true) (0|false) 10 3$", "^b$" } },
	{ "number: signed and unsigned",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $s = (int64)-1; $u = (uint64)0xffffffffffffffff; printf(\"%d %d\\n\", $s < (int64)0, $u > (uint64)1); }",
	  { "^(1|true) (1|true)$" } },
	{ "array: numbers as bytes",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $a = (uint8[8])(uint64)0x0807060504030201; @i = 3; printf(\"%d %d %d\\n\", $a[0], $a[7], $a[@i]); print($a); }",
	  { "^1 8 4$", "^\\[1,2,3,4,5,6,7,8\\]$" } },
	{ "array: in structs, by index",
	  NEED_NOTHING,
	  "functions",
	  "struct pair { int number; char name[20]; unsigned short bits; struct pair *next; int table[2][3]; }"
	  "uprobe:{self}:traced_seven { $p = (struct pair *)arg3; for ($i : 0..2) { for ($j : 0..3) { @[$i, $j] = $p->table[$i][$j]; } }"
	  " print($p->table); $t = $p->table; printf(\"%d\\n\", $t[1][0]); }",
	  { "^@\\[1, 2\\]: 6$", "^\\[\\[1,2,3\\],\\[4,5,6\\]\\]$", "^4$" } },
	{ "tuple, record",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $t = (1, (\"in\", 2), true); printf(\"%d %s %d\\n\", $t.0, $t.1.0, $t.1.1); $r = (a=5, b=\"six\"); printf(\"%d %s\\n\", $r.a, $r.b);"
	  " @t = $t; $u = ($t, $r); print($u.0.1); }",
	  { "^1 in 2$", "^5 six$", "^@t: \\(1, \\(in, 2\\), (1|true)\\)$", "^\\(in, 2\\)$" } },
	{ "pointers",
	  NEED_NOTHING,
	  "functions",
	  "struct pair { int number; char name[20]; }"
	  "uprobe:{self}:traced_seven { $p = (int32 *)arg3; printf(\"%d\\n\", *$p); $q = (struct pair *)arg3; $n = (uint64)&$q->name;"
	  " printf(\"%d %s %d %d\\n\", $n - arg3, str($n), sizeof(struct pair), offsetof(struct pair, name)); }",
	  { "^-11$", "^4 first 24 4$" } },
	{ "many variables at once",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @v = 1; $a = @v + 1; $b = @v + 2; $c = @v + 3; $d = @v + 4; $e = @v + 5; $f = @v + 6; $g = @v + 7; $h = @v + 8; $i = @v + 9;"
	  " $j = @v + 10; $k = @v + 11; $l = @v + 12; printf(\"%d %d %d %d %d %d %d %d %d %d %d %d\\n\", $a, $b, $c, $d, $e, $f, $g, $h, $i, $j, $k, $l);"
	  " printf(\"%d\\n\", ($a * $b - $c) * ($d + $e * $f) - ($g - $h * ($i + $j)) * ($k - $l)); }",
	  { "^2 3 4 5 6 7 8 9 10 11 12 13$", "^-87$" } },
	{ "more variables than the stack has room for",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { @v = 1; $v0 = @v + 0; $v1 = @v + 1; $v2 = @v + 2; $v3 = @v + 3; $v4 = @v + 4; $v5 = @v + 5; $v6 = @v + 6; $v7 = @v + 7; $v8 = @v + 8; $v9 = @v + 9; $v10 = @v + 10; $v11 = @v + 11; $v12 = @v + 12; $v13 = @v + 13; $v14 = @v + 14; $v15 = @v + 15; $v16 = @v + 16; $v17 = @v + 17; $v18 = @v + 18; $v19 = @v + 19; $v20 = @v + 20; $v21 = @v + 21; $v22 = @v + 22; $v23 = @v + 23; $v24 = @v + 24; $v25 = @v + 25; $v26 = @v + 26; $v27 = @v + 27; $v28 = @v + 28; $v29 = @v + 29; $v30 = @v + 30; $v31 = @v + 31; $v32 = @v + 32; $v33 = @v + 33; $v34 = @v + 34; $v35 = @v + 35; $v36 = @v + 36; $v37 = @v + 37; $v38 = @v + 38; $v39 = @v + 39; $v40 = @v + 40; $v41 = @v + 41; $v42 = @v + 42; $v43 = @v + 43; $v44 = @v + 44; $v45 = @v + 45; $v46 = @v + 46; $v47 = @v + 47; $v48 = @v + 48; $v49 = @v + 49; $v50 = @v + 50; $v51 = @v + 51; $v52 = @v + 52; $v53 = @v + 53; $v54 = @v + 54; $v55 = @v + 55; $v56 = @v + 56; $v57 = @v + 57; $v58 = @v + 58; $v59 = @v + 59; "
	  "for ($i : 0..20) { $v59 += $i; $v0++; } printf(\"%d\\n\", $v0+$v1+$v2+$v3+$v4+$v5+$v6+$v7+$v8+$v9+$v10+$v11+$v12+$v13+$v14+$v15+$v16+$v17+$v18+$v19+$v20+$v21+$v22+$v23+$v24+$v25+$v26+$v27+$v28+$v29+$v30+$v31+$v32+$v33+$v34+$v35+$v36+$v37+$v38+$v39+$v40+$v41+$v42+$v43+$v44+$v45+$v46+$v47+$v48+$v49+$v50+$v51+$v52+$v53+$v54+$v55+$v56+$v57+$v58+$v59); }",
	  { "^2040$" } },
	{ "macros, options, parameters",
	  NEED_NOTHING,
	  NULL,
	  "macro twice(x) { x * 2 } BEGIN { printf(\"%d %d\\n\", twice(21), $#); }",
	  { "^42 0$" } },
};

static const struct tracing_row builtins[] = {
	{ "who it is",
	  NEED_NOTHING,
	  "getpgid",
	  ONCE
	  " { printf(\"%d %d %s %d %d %s\\n\", pid == cpid, tid == cpid, comm, uid, gid, username); }",
	  { "^(1|true) (1|true) test-trace-code [0-9]+ [0-9]+ [a-z0-9]+$" } },
	{ "times",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $a = nsecs; printf(\"%d %d %d %d %d\\n\", nsecs >= $a, nsecs(monotonic) > 0, nsecs(boot) > 0, nsecs(sw_tai) > 0, elapsed < 10000000000);"
	  " print(jiffies > 0); }",
	  { "^(1|true) (1|true) (1|true) (1|true) (1|true)$" } },
	{ "where it runs",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { printf(\"%d %d %d %d\\n\", cpu < ncpus, numaid >= 0, rand >= 0, cgroup > 0); }",
	  { "^(1|true) (1|true) (1|true) (0|1|true|false)$" } },
	{ "its task",
	  NEED_NOTHING,
	  "getpgid",
	  ONCE
	  " { printf(\"%d %d %s %d\\n\", curtask->pid == tid, curtask->real_parent->tgid == ppid, curtask->comm, curtask->mm != 0);"
	  " printf(\"%s %d\\n\", pcomm, ppid > 0); }",
	  { "^(1|true) (1|true) test-trace-code (1|true)$", "^test-trace-code (1|true)$" } },
	{ "its task, by a struct of its own",
	  NEED_NOTHING,
	  "getpgid",
	  ONCE
	  " { $t = (struct task_struct *)curtask; $p = $t->real_parent; for ($i : 0..30) { if ($p->pid <= 1) { break; } $p = $p->real_parent; } print($p->pid); }",
	  { "^[01]$" } },
	{ "a task that is another one later",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { $p = curtask; $q = pid ? curtask : (struct task_struct *)0; $i = 0; while ($i < 20) { $i++;"
	  " if ($i == 3) { $p = (struct task_struct *)(uint64)$i; } if ($p.pid) { @n++; } $q = $q.real_parent; } }",
	  { "^@n: 2$" } },
	{ "cgroups",
	  NEED_GROUP2,
	  "getpgid",
	  ONCE
	  " { printf(\"[%s] %d\\n\", cgroup_path(cgroup), cgroup == cgroupid(\"/sys/fs/cgroup\")); }",
	  { "^\\[.*/.*\\] (0|1|true|false)$" } },
	{ "kernel symbols",
	  NEED_NOTHING,
	  NULL,
	  "BEGIN { printf(\"%s\\n\", ksym(kaddr(\"schedule\"))); }",
	  { "^schedule$" } },
	{ "a signal is sent",
	  NEED_NOTHING,
	  "signal stay",
	  "tracepoint:syscalls:sys_enter_kill " MINE
	  " { signal(\"SIGTERM\"); } tracepoint:sched:sched_process_exit " MINE
	  " { printf(\"gone\\n\"); exit(); }",
	  { "^gone$" },
	  { "--unsafe" } },
	{ "conditions before all else",
	  NEED_NOTHING,
	  "getpgid",
	  "tracepoint:syscalls:sys_enter_* /comm == \"test-trace-code\" && strncmp(probe, \"tracepoint:syscalls:sys_enter_getpgid\", 36) == 0/ { @ = count(); }",
	  { "^@: 2$" } },
};

int main(int argc, char **argv)
{
	if (argc > 1)
		return traced_deed(argv[1], argc > 2 && !strcmp(argv[2], "stay"));
	tracing_rows(loops, ARRAY_SIZE(loops));
	tracing_rows(aggregates, ARRAY_SIZE(aggregates));
	tracing_rows(maps, ARRAY_SIZE(maps));
	tracing_rows(strings, ARRAY_SIZE(strings));
	tracing_rows(numbers, ARRAY_SIZE(numbers));
	tracing_rows(builtins, ARRAY_SIZE(builtins));
	return tap_done();
}
