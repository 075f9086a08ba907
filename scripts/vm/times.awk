# Reads one guest's console log and prints how long its programs took, and which took longest. Variable: kernel.

/^@@ end / {
	count++
	sum += $5
	name[count] = substr($3, 6) # without "test-"
	seconds[count] = $5
}

END {
	line = kernel ": " count + 0 " programs, " sum + 0 " s; the longest:"
	for (told = 0; told < 12 && told < count; told++) {
		most = 0
		for (i = 1; i <= count; i++)
			if (!(i in is_told) && (!most || seconds[i] > seconds[most]))
				most = i
		is_told[most] = 1
		line = line " " name[most] " " seconds[most]
	}
	print line
}
