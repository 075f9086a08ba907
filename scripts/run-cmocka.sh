#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs one cmocka program with TAP output. cmocka 1.1 prints a skipped test as
# "not ok N # SKIP name", which TAP readers take for a failure; it is turned into "ok". meson shows
# only the standard error of a test that failed, so failures and diagnostics are repeated there.
#
# usage: run-cmocka.sh PROGRAM [ARG...]
export CMOCKA_MESSAGE_OUTPUT=TAP
exec 4>&1
status=$(
	{
		{
			"$@" 3>&- 4>&-
			echo $? >&3
		} | sed -u -e 's/^not ok \([0-9]*\) # SKIP/ok \1 # SKIP/' \
			-e '/^not ok/w /dev/stderr' -e '/^# /w /dev/stderr' >&4
	} 3>&1
)
exit "$status"
