/* Runs one fuzz target without a fuzzer: over its seeds, over every prefix of them, and over a fixed number
 * of mutations from a fixed generator, so that each run is the same on every machine. */
#include <dirent.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

enum { MAX_SEEDS = 4096, MAX_LEN = 1 << 16, DEFAULT_ITERATIONS = 50000 };

struct seed {
    uint8_t *bytes;
    size_t len;
};
static struct seed seeds[MAX_SEEDS];
static size_t seed_count;
static const uint8_t *current;
static size_t current_len;

/* ---- seeds ---- */

static void die(const char *what, const char *name)
{
    fprintf(stderr, "fuzz-replay: %s: %s\n", what, name);
    exit(2);
}

static void add_seed(const char *name, const uint8_t *bytes, size_t len)
{
    if (seed_count == MAX_SEEDS || len > MAX_LEN) die("too many or too long seeds", name);
    uint8_t *copy = malloc(len + 1);
    if (!copy) die("no memory", name);
    if (len) memcpy(copy, bytes, len);
    seeds[seed_count++] = (struct seed){copy, len};
}

static int nibble(uint8_t c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static void add_hex_line(const char *name, const uint8_t *line, size_t len)
{
    uint8_t bytes[MAX_LEN / 2];
    if (len == 0 || line[0] == '#') return;
    if (len % 2 || len / 2 > sizeof bytes) die("bad hex line", name);
    for (size_t i = 0; i < len / 2; i++) {
        int high = nibble(line[2 * i]);
        int low = nibble(line[2 * i + 1]);
        if (high < 0 || low < 0) die("bad hex line", name);
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    add_seed(name, bytes, len / 2);
}

static void add_lines(const char *name, const uint8_t *text, size_t len, int is_hex)
{
    while (len > 0) {
        const uint8_t *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;
        if (is_hex)
            add_hex_line(name, text, line);
        else
            add_seed(name, text, line);
        size_t step = line + (end ? 1 : 0);
        text += step;
        len -= step;
    }
}

static int ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name);
    return len >= strlen(suffix) && strcmp(name + len - strlen(suffix), suffix) == 0;
}

/* .txt: a seed a line; .hex: the same in hexadecimal, with # comments; anything else: the whole file. */
static void add_file(const char *folder, const char *name)
{
    static uint8_t text[1 << 20];
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) die("long path", name);
    FILE *file = fopen(path, "rb");
    if (!file) die("cannot read", path);
    size_t len = fread(text, 1, sizeof text, file);
    if (len == sizeof text) die("too long", path);
    fclose(file);
    if (ends_with(name, ".txt") || ends_with(name, ".hex"))
        add_lines(name, text, len, ends_with(name, ".hex"));
    else
        add_seed(name, text, len);
}

static void load_seeds(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) die("no corpus", folder);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') add_file(folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (seed_count == 0) die("empty corpus", folder);
}

/* ---- mutations ---- */

static uint64_t state = 0x9e3779b97f4a7c15;

static size_t pick(size_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)((state * 0x2545f4914f6cdd1d >> 32) % below);
}

struct input {
    uint8_t bytes[2 * MAX_LEN];
    size_t len;
};

/* Replaces `gone` bytes at `at` by `len` others. */
static void splice(struct input *in, size_t at, size_t gone, const uint8_t *bytes, size_t len)
{
    if (in->len - gone + len > MAX_LEN) return;
    memmove(in->bytes + at + len, in->bytes + at + gone, in->len - at - gone);
    if (len) memmove(in->bytes + at, bytes, len);
    in->len += len - gone;
}

static uint8_t interesting(void)
{
    static const uint8_t bytes[] =
        "\x00\x01\x17\x18\x19\x1b\x1f\x20\x7f\x80\xbf\xc3\xff\"\\{}[],:./=-_09afAFzZ \n\r\t";
    return bytes[pick(sizeof bytes - 1)];
}

static void splice_other(struct input *in, size_t at)
{
    const struct seed *other = &seeds[pick(seed_count)];
    if (other->len == 0) return;
    size_t from = pick(other->len);
    size_t len = 1 + pick(other->len - from);
    size_t left = in->len - at;
    splice(in, at, pick(2) ? 0 : (len < left ? len : left), other->bytes + from, len);
}

static void repeat_part(struct input *in, size_t at)
{
    uint8_t part[256];
    size_t len = 1 + pick(sizeof part);
    if (len > in->len - at) len = in->len - at;
    memcpy(part, in->bytes + at, len);
    splice(in, at, 0, part, len);
}

static void mutate(struct input *in)
{
    size_t at = pick(in->len + 1);
    uint8_t byte = pick(2) ? interesting() : (uint8_t)pick(256);
    switch (pick(8)) {
    case 0: splice(in, at, 0, &byte, 1); return;
    case 1: splice_other(in, at); return;
    case 2: in->len = at; return;
    default: break;
    }
    if (at == in->len) return;
    switch (pick(6)) {
    case 0: in->bytes[at] ^= (uint8_t)(1U << pick(8)); return;
    case 1: in->bytes[at] = byte; return;
    case 2: in->bytes[at] = (uint8_t)(in->bytes[at] + (pick(2) ? 1 : -1)); return;
    case 3: splice(in, at, 1 + pick(in->len - at < 16 ? in->len - at : 16), NULL, 0); return;
    case 4: repeat_part(in, at); return;
    default: in->bytes[at] = in->bytes[pick(in->len)]; return;
    }
}

/* ---- running ---- */

/* Memory of exactly the input's size, so that sanitizers see each byte read beyond it. */
static void run(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy) die("no memory", "input");
    if (len) memcpy(copy, bytes, len);
    current = copy;
    current_len = len;
    LLVMFuzzerTestOneInput(copy, len);
    current = NULL;
    free(copy);
}

static void show_input(int number)
{
    static const char digits[] = "0123456789abcdef";
    static const char title[] = "fuzz-replay: input in hex: ";
    ssize_t wrote = write(STDERR_FILENO, title, sizeof title - 1);
    for (size_t i = 0; current && i < current_len; i++) {
        char pair[2] = {digits[current[i] >> 4], digits[current[i] & 15]};
        wrote += write(STDERR_FILENO, pair, 2);
    }
    wrote += write(STDERR_FILENO, "\n", 1);
    (void)wrote;
    signal(number, SIG_DFL);
    raise(number);
}

static void run_seeds(void)
{
    run(NULL, 0);
    for (size_t i = 0; i < seed_count; i++) {
        run(seeds[i].bytes, seeds[i].len);
        for (size_t len = 0; len < seeds[i].len && len < 64; len++) run(seeds[i].bytes, len);
    }
}

static void run_mutations(unsigned long iterations)
{
    static struct input in;
    for (unsigned long i = 0; i < iterations; i++) {
        const struct seed *seed = &seeds[pick(seed_count)];
        memcpy(in.bytes, seed->bytes, seed->len);
        in.len = seed->len;
        for (size_t n = 1 + pick(pick(2) ? 2 : 8); n > 0; n--) mutate(&in);
        run(in.bytes, in.len);
    }
}

/* Seeds as one raw file each, which is the form a fuzzer reads. */
static void write_raw(const char *folder)
{
    for (size_t i = 0; i < seed_count; i++) {
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%04zu", folder, i) >= (int)sizeof path) die("long path", folder);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(seeds[i].bytes, 1, seeds[i].len, file) != seeds[i].len || fclose(file) != 0)
            die("cannot write", path);
    }
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    const char *raw = NULL;
    unsigned long iterations = DEFAULT_ITERATIONS;
    int option = 0;
    while ((option = getopt(argc, argv, "n:r:")) != -1) {
        if (option == 'n')
            iterations = strtoul(optarg, NULL, 10);
        else if (option == 'r')
            raw = optarg;
        else
            return 2;
    }
    if (optind != argc - 1) die("usage", "fuzz-replay-NAME [-n MUTATIONS] [-r FOLDER_FOR_RAW_SEEDS] CORPUS");
    load_seeds(argv[optind]);
    if (raw) {
        write_raw(raw);
        return 0;
    }
    signal(SIGABRT, show_input);
    signal(SIGSEGV, show_input);
    double start = seconds();
    run_seeds();
    run_mutations(iterations);
    printf("%zu seeds, %lu mutations, %.0f ms\n", seed_count, iterations, (seconds() - start) * 1000);
    for (size_t i = 0; i < seed_count; i++) free(seeds[i].bytes);
    return 0;
}
