# SPDX-License-Identifier: Apache-2.0
#
# Each line of a text as a string of C with a comma behind it, for an array of them.
s/[\\"]/\\&/g
s/.*/"&",/
