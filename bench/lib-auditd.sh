# shellcheck shell=bash
# auditd for the time of a measurement, with Debian's settings, and the kernel's audit put back after.
#
# Once audit was enabled, each new process pays for it at every system call, until the next boot. A
# rule "never,task" takes that away from processes started after it: it stands whenever auditd is
# not being measured, and stays behind.

auditd_pid=

audit_field() {
	auditctl -s | awk -v name="$1" '$1 == name { print $2 }'
}

# auditd_refusal: why it cannot be measured here; nothing where it can.
auditd_refusal() {
	if ! have auditd auditctl; then
		echo 'auditd is not installed (scripts/setup bench)'
	elif [ "$(audit_field enabled 2>/dev/null || true)" = '' ]; then
		echo 'the kernel does not let us use audit'
	elif [ "$(audit_field pid)" != 0 ]; then
		echo 'auditd serves this machine, and is left alone'
	elif [ "$(audit_field enabled)" = 2 ]; then
		echo 'the audit rules of this machine are locked'
	elif auditctl -l | grep -qv -e '^No rules' -e '^-a never,task'; then
		echo 'this machine has audit rules, which are left alone'
	fi
}

auditd_start() {
	local end=$((SECONDS + 20))
	audit_backlog=$(audit_field backlog_limit) audit_wait=$(audit_field backlog_wait_time)
	mkdir -p "$work/audit"
	chmod 700 "$work" "$work/audit"
	sed "s|^log_file = .*|log_file = $work/audit/audit.log|" /etc/audit/auditd.conf \
		>"$work/audit/auditd.conf"
	chmod 640 "$work/audit/auditd.conf"
	auditd -n -c "$work/audit" >"$work/audit/words" 2>&1 &
	auditd_pid=$!
	until [ "$(audit_field pid)" = "$auditd_pid" ]; do
		if [ $SECONDS -gt $end ] || ! kill -0 "$auditd_pid" 2>/dev/null; then
			note "auditd did not start: $(tail -n 3 "$work/audit/words")"
			auditd_stop
			return 1
		fi
		read -r -t 0.1 <> <(:) || true # nothing tells us when; look again
	done
	# Debian's /etc/audit/rules.d/audit.rules
	auditctl -b 8192 >/dev/null
	auditctl --backlog_wait_time 60000 >/dev/null
	auditctl -f 1 >/dev/null
	auditd_off
}

# auditd_on RULE...: this rule is in force, for processes started from here on.
auditd_on() {
	auditctl -D >/dev/null
	auditctl "$@"
	auditctl -e 1 >/dev/null
}

# auditd_off: processes started from here on are not audited and pay nothing.
auditd_off() {
	auditctl -e 0 >/dev/null
	auditctl -D >/dev/null
	auditctl -a never,task
}

# auditd_wrote KEY: whether events of rules with that key are in its log.
auditd_wrote() {
	grep -q "^type=SYSCALL .*key=\"$1\"" "$work/audit"/audit.log* ||
		{ note 'auditd logged none of our events'; return 1; }
}

auditd_stop() {
	[ -n "$auditd_pid" ] || return 0
	auditd_off
	kill "$auditd_pid" 2>/dev/null || true
	wait "$auditd_pid" || true
	auditd_pid=
	auditctl -b "$audit_backlog" >/dev/null
	auditctl --backlog_wait_time "$audit_wait" >/dev/null
}
