# shellcheck shell=bash
# What an agent costs that has nothing to do.

seconds=$(pick 3 20)

# kernel_memory: bytes of the agent's maps and of its programs.
kernel_memory() {
	cat /proc/"$agent"/fdinfo/* 2>/dev/null | awk '
		/^memlock:/ { memory = $2 }
		/^map_id:/ && !seen["m" $2]++ { maps += memory }
		/^prog_id:/ && !seen["p" $2]++ { programs += memory }
		END { print maps + 0, programs + 0 }'
}

# one LABEL ARGS...: a row; sets percent and rss (MiB).
one() {
	local label=$1 before memory
	shift
	note "idle: $label"
	agent_start -o json "$@"
	before=$(agent_cpu)
	sleep "$seconds"
	percent=$(calc "($(agent_cpu) - $before) / ($seconds * 1e7)" %.4f)
	rss=$(awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$agent/status")
	memory=$(kernel_memory)
	agent_stop
	printf '%s|%s %%|%s|%.1f|%.1f|%s\n' "$label" "$percent" "$rss" \
		"$(calc "${memory% *} / 1048576")" "$(calc "${memory#* } / 1048576")" \
		"$(sed -n 's/^\([0-9]*\) events\{0,1\} in .*/\1/p' <<<"$agent_summary")"
}

{
	echo 'agent|CPU|RSS, MiB|maps, MiB|programs, MiB|events'
	one 'a filter that matches nothing' --comm ringside-nobody
	filter_percent=$percent filter_rss=$rss
	one 'no filter, quiet machine'
	free_percent=$percent free_rss=$rss
	one 'all kinds, no filter, quiet machine' -k all
} >"$work/rows"

cat <<end
$seconds seconds each. RSS counts the ring buffer (8 MiB) twice, for it is mapped twice in a row; maps is
the kernel's memory for all maps, the ring buffer included.

end
table <"$work/rows"

goal 'CPU of an idle agent' "$filter_percent % (without a filter: $free_percent %)" 'below 0.1 %' \
	"$filter_percent < 0.1 && $free_percent < 0.1"
goal 'memory of an idle agent' "$filter_rss MiB (without a filter: $free_rss MiB)" 'below 30 MB' \
	"$filter_rss * 1.048576 < 30 && $free_rss * 1.048576 < 30"
