// SPDX-License-Identifier: GPL-2.0-only
/* See vectors.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frame.h"
#include "ktap.h"
#include "vectors.h"

size_t vector_pn_off(const struct vector *vector)
{
	return vector->header_len - (vector->header[0] & 3) - 1;
}

static void set_cipher(struct key *key, const char *name)
{
	if (!strcmp(name, "aes-128-gcm"))
		key->cipher = EQUIC_CIPHER_AES_128_GCM;
	else if (!strcmp(name, "chacha20-poly1305"))
		key->cipher = EQUIC_CIPHER_CHACHA20_POLY1305;
	else
		ktap_bail("cipher %s", name);
}

static void set_level(struct key *key, const char *name)
{
	if (!strcmp(name, "initial"))
		key->level = EQUIC_LEVEL_INITIAL;
	else if (!strcmp(name, "1-rtt"))
		key->level = EQUIC_LEVEL_ONE_RTT;
	else
		ktap_bail("level %s", name);
}

/* One field, its value whole. */
static void set_field(struct vector *v, const char *field, const char *value)
{
	struct key *key = &v->key;

	if (!strcmp(field, "packet"))
		memcpy(v->name, value, strnlen(value, sizeof(v->name) - 1));
	else if (!strcmp(field, "cipher"))
		set_cipher(key, value);
	else if (!strcmp(field, "level"))
		set_level(key, value);
	else if (!strcmp(field, "key"))
		hex_decode(value, key->key, sizeof(key->key));
	else if (!strcmp(field, "iv"))
		hex_decode(value, key->iv, sizeof(key->iv));
	else if (!strcmp(field, "hp"))
		hex_decode(value, key->header, sizeof(key->header));
	else if (!strcmp(field, "pn"))
		key->pn = strtoull(value, NULL, 10);
	else if (!strcmp(field, "header"))
		v->header_len = hex_decode(value, v->header, sizeof(v->header));
	else if (!strcmp(field, "payload"))
		hex_decode(value, v->payload, sizeof(v->payload));
	else if (!strcmp(field, "length"))
		v->payload_len = strtoull(value, NULL, 10);
	else if (!strcmp(field, "protected"))
		v->protected_len = hex_decode(value, v->protected,
					      sizeof(v->protected));
	else
		ktap_bail("field %s", field);
}

void vectors_each(void (*act)(const struct vector *vector))
{
	const char *path = getenv("EQUIC_VECTORS") ?: "vectors";
	static char field[32], value[4096];
	static struct vector vector;
	char line[256];
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		ktap_bail("%s", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#')
			continue;
		if (line[0] == ' ') {
			strncat(value, line + 1,
				sizeof(value) - strlen(value) - 1);
			continue;
		}
		if (field[0])
			set_field(&vector, field, value);
		field[0] = value[0] = 0;
		sscanf(line, "%31s %[^\n]", field, value);
		if (line[0] || !vector.name[0])
			continue;
		act(&vector);
		memset(&vector, 0, sizeof(vector));
	}
	if (field[0])
		set_field(&vector, field, value);
	act(&vector);
	fclose(file);
}
