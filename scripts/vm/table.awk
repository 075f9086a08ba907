# Reads results as results.awk writes them, each line with the kernel in front, and prints the table:
# a row per test, a column per kernel. Variable: kernels (names, separated by blanks).

BEGIN { FS = "\t"; columns = split(kernels, kernel, " ") }

{
	if (!($3 in known)) {
		known[$3] = 1
		row[++rows] = $3
		if (length($3) > width)
			width = length($3)
	}
	cell[$3, $1] = $2
	total[$2]++
	if ($2 == "skip")
		reason[$3] = reason[$3] (reason[$3] == "" ? "" : "; ") $1 ": " ($4 == "" ? "no reason given" : $4)
}

END {
	if (width > 72)
		width = 72
	line = sprintf("%-" width "s", "test")
	for (c = 1; c <= columns; c++)
		line = line sprintf("  %-5s", kernel[c])
	sub(/ +$/, "", line)
	print line
	for (r = 1; r <= rows; r++) {
		line = sprintf("%-" width "s", substr(row[r], 1, width))
		for (c = 1; c <= columns; c++)
			line = line sprintf("  %-5s", (row[r], kernel[c]) in cell ? cell[row[r], kernel[c]] : "-")
		sub(/ +$/, "", line)
		print line
	}
	for (r = 1; r <= rows; r++)
		if (row[r] in reason)
			print "skipped: " row[r] " (" reason[row[r]] ")"
	printf "%d passed, %d failed, %d skipped\n", total["pass"], total["FAIL"], total["skip"]
}
