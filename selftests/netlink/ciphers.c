// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel without a cipher: a key for it is refused in words that name what is
 * missing, nothing is left of it, and once the modules are there the key is
 * granted. Until then modprobe is /bin/false.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <linux/equic.h>
#include "ktap.h"
#include "module.h"
#include "netlink.h"

#define MODPROBE "/proc/sys/kernel/modprobe"

static struct nl nl;

/* In the order in which they can be removed: users first. */
static const char * const gcm_modules[] = { "aesni_intel", "gcm" };
static const char * const chacha_modules[] = { "chacha20poly1305" };
static const char * const aes_modules[] = {
	"aesni_intel", "aes_generic", "aes",
};

static const struct missing {
	const char		*name;
	__u8			cipher;
	const char * const	*modules;
	int			nr;
	/* In /proc/crypto, while it is there. */
	const char		*algorithm;
	const char		*words;
} missing[] = {
	{ "AES-GCM", EQUIC_CIPHER_AES_128_GCM, gcm_modules, 2,
	  "gcm(aes)", "no synchronous gcm(aes): is module gcm there?" },
	{ "ChaCha20-Poly1305", EQUIC_CIPHER_CHACHA20_POLY1305, chacha_modules,
	  1, "rfc7539(chacha20,poly1305)",
	  "no synchronous rfc7539(chacha20,poly1305): is module chacha20poly1305 there?" },
	{ "header protection by AES", EQUIC_CIPHER_AES_128_GCM, aes_modules, 3,
	  "aes", "no AES: is module aes_generic there?" },
};

static void set_modprobe(const char *path)
{
	int fd = open(MODPROBE, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, path, strlen(path)) < 0)
		ktap_bail(MODPROBE);
	close(fd);
}

/* A line of the file that ends so. */
static bool has_line(const char *path, const char *end)
{
	FILE *file = fopen(path, "re");
	size_t len, n = strlen(end);
	bool found = false;
	char line[512];

	if (!file)
		ktap_bail("%s", path);
	while (fgets(line, sizeof(line), file)) {
		len = strcspn(line, "\n");
		line[len] = '\0';
		found |= len >= n && !strcmp(line + len - n, end);
	}
	fclose(file);
	return found;
}

/* An algorithm that somebody has asked for, and none has taken away. */
static bool is_there(const char *algorithm)
{
	char end[128];

	snprintf(end, sizeof(end), ": %s", algorithm);
	return has_line("/proc/crypto", end);
}

/* One that nobody has asked for yet may be made of what is built in. */
static bool is_built_in(const char *module)
{
	struct utsname kernel;
	char path[256], end[64];

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin",
		 kernel.release);
	snprintf(end, sizeof(end), "/%s.ko", module);
	return has_line(path, end);
}

/* Those that are built in stay; so does one that somebody uses. */
static void remove_modules(const struct missing *m)
{
	int i;

	for (i = 0; i < m->nr; i++)
		syscall(SYS_delete_module, m->modules[i], O_NONBLOCK);
}

static int add(__u8 cipher)
{
	__u8 secret[32] = { 1 };
	size_t len = cipher == EQUIC_CIPHER_AES_128_GCM ? 16 : 32;
	struct nlm m, reply;

	nlm_begin(&m, EQUIC_CMD_KEY_ADD, 0);
	nlm_put_u8(&m, EQUIC_A_KEY_USE, EQUIC_KEY_USE_OPEN);
	nlm_put_u8(&m, EQUIC_A_KEY_LEVEL, EQUIC_LEVEL_ONE_RTT);
	nlm_put_u8(&m, EQUIC_A_KEY_CIPHER, cipher);
	nlm_put(&m, EQUIC_A_KEY_KEY, secret, len);
	nlm_put(&m, EQUIC_A_KEY_IV, secret, 12);
	nlm_put(&m, EQUIC_A_KEY_HEADER, secret, len);
	return nl_do(&nl, &m, &reply);
}

static void count(const struct nlattr *attrs, size_t len, void *arg)
{
	(void)attrs;
	(void)len;
	++*(int *)arg;
}

static int keys(void)
{
	struct nlm m;
	int n = 0;

	nlm_begin(&m, EQUIC_CMD_KEY_GET, 0);
	if (nl_dump(&nl, &m, count, &n))
		ktap_bail("dump: %s", nl.words);
	return n;
}

static void test_missing(const struct missing *m)
{
	int err;

	remove_modules(m);
	if (is_there(m->algorithm) || is_built_in(m->modules[m->nr - 1])) {
		ktap_skip("built in, or in use", "%s is refused where the kernel lacks it",
			  m->name);
		return;
	}
	nl_open(&nl);
	err = add(m->cipher);
	if (err != -ENOENT || !strstr(nl.words, m->words))
		ktap_diag("%d \"%s\"", err, nl.words);
	ktap_result(err == -ENOENT && strstr(nl.words, m->words),
		    "%s: \"%s\"", m->name, m->words);
	ktap_result(!keys(), "%s: and nothing is left of it", m->name);
	set_modprobe("/sbin/modprobe");
	ktap_result(!add(m->cipher) && keys() == 1,
		    "%s: it is granted once the modules can be loaded", m->name);
	set_modprobe("/bin/false");
	nl_close(&nl);
}

int main(void)
{
	size_t i;

	ktap_begin();
	set_modprobe("/bin/false");
	module_load("");
	for (i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		test_missing(&missing[i]);
	module_unload();
	set_modprobe("/sbin/modprobe");
	return ktap_end();
}
