/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest life that a program can have: what the storms of fork and exec start. */

int main(void)
{
	return 0;
}
