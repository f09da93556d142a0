// SPDX-License-Identifier: GPL-2.0-only
/* See secret.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/equic.h>
#include "ktap.h"
#include "secret.h"

enum {
	OUTPUT_MAX = 1 << 24,
	/* So many bytes in a row are no chance. */
	TELLTALE = 8,
	/* The shortest secret, the IV, has more. */
	SEARCHED = 12,
};

static const int types[] = {
	EQUIC_A_KEY_KEY, EQUIC_A_KEY_IV, EQUIC_A_KEY_HEADER,
};

#define TYPES (sizeof(types) / sizeof(types[0]))

const __u8 *secret_of(int type)
{
	static __u8 bytes[SECRET_LEN];
	int i;

	for (i = 0; i < SECRET_LEN; i++)
		bytes[i] = 0xa7 ^ (i * 31 + type * 57);
	return bytes;
}

bool secret_in(const void *bytes, size_t len)
{
	size_t i, from;

	for (i = 0; i < TYPES; i++)
		for (from = 0; from + TELLTALE <= SEARCHED; from++)
			if (memmem(bytes, len, secret_of(types[i]) + from,
				   TELLTALE))
				return true;
	return false;
}

/* @step -1: from the last byte to the first, as numbers are printed. */
static bool digits_in(const char *digits, const __u8 *secret, int step)
{
	char hex[2 * TELLTALE + 1];
	int i;

	for (i = 0; i < TELLTALE; i++)
		sprintf(hex + 2 * i, "%02x",
			secret[step > 0 ? i : TELLTALE - 1 - i]);
	return strstr(digits, hex);
}

/* Digits alone, in small letters; 0x is none. */
static char *digits_of(const char *text, size_t len)
{
	char *digits = malloc(len + 1);
	size_t i, n = 0;

	if (!digits)
		ktap_bail("no memory");
	for (i = 0; i < len; i++) {
		if (text[i] == '0' && i + 1 < len && text[i + 1] == 'x')
			i++;
		else if (isxdigit((unsigned char)text[i]))
			digits[n++] = tolower((unsigned char)text[i]);
	}
	digits[n] = '\0';
	return digits;
}

bool secret_in_text(const char *text, size_t len)
{
	char *digits = digits_of(text, len);
	bool found = secret_in(text, len);
	size_t i, from;

	for (i = 0; i < TYPES; i++)
		for (from = 0; from + TELLTALE <= SEARCHED; from++) {
			const __u8 *secret = secret_of(types[i]) + from;

			found |= digits_in(digits, secret, 1) ||
				 digits_in(digits, secret, -1);
		}
	free(digits);
	return found;
}

bool secret_in_output(const char *command)
{
	char *bytes = malloc(OUTPUT_MAX);
	FILE *pipe = popen(command, "r");
	bool found;
	size_t len;

	if (!pipe || !bytes)
		ktap_bail("%s", command);
	len = fread(bytes, 1, OUTPUT_MAX, pipe);
	if (len == OUTPUT_MAX)
		ktap_bail("%s prints more than %d bytes", command, OUTPUT_MAX);
	pclose(pipe);
	ktap_diag("%zu bytes of: %s", len, command);
	found = !len || secret_in_text(bytes, len);
	free(bytes);
	return found;
}
