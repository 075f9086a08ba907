# Reads one guest's console log and writes its results, one a line, fields separated by tabs:
#
#   pass|FAIL|skip <tab> row of the table <tab> why
#
# and, for each program with a failure, the end of its output to the file `details`.
# Variables: kernel, details, programs (names of all test programs, separated by blanks), state
# ("finished", or in words what happened to the guest).
#
# What a program prints is TAP: plans "1..N" (a program of several groups prints several; they add
# up), "ok N - name", "not ok N - name", "... # SKIP why". Everything else is diagnostic.

function result(what, row, why) {
	printf "%s\t%s\t%s\n", what, row, why
	if (what == "FAIL") {
		failed++
		reasons = reasons "  " row (why == "" ? "" : ": " why) "\n"
	}
}

# The last lines of what was kept, below a heading and the reasons.
function show(heading, many,    i) {
	printf "==== %s: %s\n%s", kernel, heading, reasons >> details
	for (i = (kept > many ? kept - many + 1 : 1); i <= kept; i++)
		print "  | " lines[i] >> details
}

function keep(line) { lines[++kept] = line }

function reset() {
	kept = planned = seen = not_ok = failed = 0
	has_plan = 0
	reasons = skip_all = ""
}

# One "ok" or "not ok" line. A skip counts as one whatever the word before it: older test libraries
# print "not ok N # SKIP name". "not ok N # TODO why" is a gap that is known: shown with the skips.
function test_line(line,    what, why, row) {
	what = line ~ /^ok/ ? "pass" : "FAIL"
	sub(/^(not )?ok *[0-9]* *(- *)?/, "", line)
	if (match(line, /# *[Ss][Kk][Ii][Pp][^ ]* */)) {
		what = "skip"
		why = substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
		sub(/ +$/, "", line)
	} else if (what == "FAIL" && match(line, /# *[Tt][Oo][Dd][Oo] */)) {
		what = "skip"
		why = "known gap: " substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
		sub(/ +$/, "", line)
	}
	seen++
	if (line == "")
		line = why == "" ? "test " seen : why
	row = program ": " line
	if (used[row]++)
		row = row " (" used[row] ")"
	if (what == "FAIL")
		not_ok++
	result(what, row, why)
}

function plan_line(line) {
	has_plan = 1
	sub(/^1\.\./, "", line)
	planned += line + 0
	if (match(line, /# *[Ss][Kk][Ii][Pp][^ ]* */))
		skip_all = substr(line, RSTART + RLENGTH)
}

# The end of a program: what its single tests did not say.
function finish(status, seconds) {
	if (status == "timeout")
		result("FAIL", program, "still running after " seconds " seconds")
	else if (status == "")
		result("FAIL", program, "running when the guest ended")
	else if (status == 77 && !seen)
		result("skip", program, kept ? lines[kept] : "")
	else if (!has_plan)
		result("FAIL", program, "printed no plan (exit status " status ")")
	else if (seen != planned)
		result("FAIL", program, "planned " planned " tests, reported " seen " (exit status " status ")")
	else if (status != 0 && !not_ok)
		result("FAIL", program, "exit status " status " though no test failed")
	else if (!planned)
		result("skip", program, skip_all == "" ? "no tests" : skip_all)
	if (failed)
		show(program, status == "" ? 60 : 30)
	ended[program] = 1
	program = ""
	reset()
}

BEGIN { reset() }

/^@@ start / { program = $3; reset(); next }
/^@@ end / { finish($4, $5); next }
/^@@ done$/ { next }
program != "" && /^1\.\.[0-9]+/ { plan_line($0) }
program != "" && /^(not )?ok( |$)/ { test_line($0) }
!/^$/ { keep($0) }

END {
	guest_died = state != "finished"
	interrupted = program
	if (program != "")
		finish("", 0)
	count = split(programs, names, " ")
	for (i = 1; i <= count; i++)
		if (!(names[i] in ended))
			result("FAIL", names[i], "the guest ended before it")
	reasons = ""
	result(guest_died ? "FAIL" : "pass", "guest boots, runs all, powers off", guest_died ? state : "")
	if (guest_died && interrupted == "")
		show("the guest", 60)
}
