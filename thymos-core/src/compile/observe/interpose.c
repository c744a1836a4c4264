/* Preloaded into the compiler: reports each name that is asked of getenv, once, into shared memory, and whether a proc
 * macro asked for the working directory or for the program that it runs in.
 *
 * The invariant: the program cannot tell that this is here. The environment that `main` sees is the one it was meant to
 * have, in the same order; no descriptor stays open; nothing is printed; no system call is made after start-up but in
 * place of one of the program's own. Nothing is used of any C library but what is declared weak below, so one object
 * serves glibc and musl.
 *
 * A name is recorded apart when code asks for it that was not there at start-up: a proc macro, loaded later.
 *
 * The layout of `struct region` and REGION_OFFSET are shared with preload.rs. */

#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <sys/types.h>

#define REGION_OFFSET 0x40000
#define MAGIC 0x7468796d6f73656eull
#define ORIGINAL_ROOM 4096
#define SLOTS 4096
#define PROBES 64
#define NAMES_ROOM 65536
#define MODULES 256
#define LATE 1 /* stands before the name in a record of code that was loaded later */

struct region {
  uint64_t magic;
  uint32_t ready;    /* 1 when start-up is over */
  uint32_t overflow; /* 1 when a name found no room */
  uint32_t used;     /* bytes of `names` that are handed out */
  uint32_t unused;
  uint64_t pass; /* what the filter lets a look-up of a link by that shows it; 0 for nothing */
  char original[ORIGINAL_ROOM]; /* the variable that LD_PRELOAD displaced */
  uint64_t slots[SLOTS];        /* hashes of the names that are recorded; 0 is free */
  unsigned char names[NAMES_ROOM]; /* records: length (4 bytes, written last), bytes, padding to 4 */
  uint32_t repeats[SLOTS];         /* how often more the name of a slot was asked for */
};

extern char **environ __attribute__((weak));

static struct region *region;
static uint32_t started;
static char restored[ORIGINAL_ROOM];
static struct { uintptr_t from, to; } modules[MODULES];
static uint32_t module_count;

extern int dl_iterate_phdr(int (*)(struct dl_phdr_info *, size_t, void *), void *) __attribute__((weak));

#if defined(__x86_64__)
#define NR_MMAP 9
#define NR_CLOSE 3
#define NR_GETCWD 79
#define NR_READLINKAT 267
static long call(long nr, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
#define NR_MMAP 222
#define NR_CLOSE 57
#define NR_GETCWD 17
#define NR_READLINKAT 78
static long call(long nr, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "no system calls for this architecture"
#endif

/* Returns what follows `prefix` in `text`, or null. */
static const char *after(const char *text, const char *prefix) {
  while (*prefix)
    if (*text++ != *prefix++)
      return 0;
  return text;
}

/* Returns the descriptor that our own LD_PRELOAD names, or -1. */
static int descriptor(const char *variable) {
  const char *digits = after(variable, "LD_PRELOAD=/proc/self/fd/");
  int fd = 0;
  if (!digits || *digits < '0' || *digits > '9')
    return -1;
  for (; *digits >= '0' && *digits <= '9'; digits++)
    fd = fd * 10 + (*digits - '0');
  return *digits == 0 || *digits == ':' ? fd : -1;
}

/* Puts the displaced variable back and opens the shared memory. */
static void start(char **variables) {
  if (!variables || __atomic_exchange_n(&started, 1, __ATOMIC_ACQ_REL))
    return;
  for (; *variables; variables++) {
    int fd = descriptor(*variables);
    if (fd < 0)
      continue;
    /* PROT_READ | PROT_WRITE, MAP_SHARED */
    long at = call(NR_MMAP, 0, sizeof(struct region), 3, 1, fd, REGION_OFFSET);
    if (at < 0 && at > -4096)
      return;
    struct region *shared = (struct region *)at;
    if (shared->magic != MAGIC)
      return;
    for (int i = 0; i < ORIGINAL_ROOM - 1 && shared->original[i]; i++)
      restored[i] = shared->original[i];
    *variables = restored;
    call(NR_CLOSE, fd, 0, 0, 0, 0, 0);
    __atomic_store_n(&region, shared, __ATOMIC_RELEASE);
    return;
  }
}

static int remember(struct dl_phdr_info *info, size_t size, void *none) {
  uintptr_t from = UINTPTR_MAX, to = 0;
  (void)size, (void)none;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD)
      continue;
    uintptr_t at = info->dlpi_addr + part->p_vaddr;
    from = at < from ? at : from;
    to = at + part->p_memsz > to ? at + part->p_memsz : to;
  }
  if (module_count < MODULES) {
    modules[module_count].from = from;
    modules[module_count++].to = to;
  }
  return 0;
}

/* Where the modules are not known, everything counts as loaded later: that is the cautious side. */
static int is_late(uintptr_t caller) {
  for (uint32_t i = 0; i < module_count; i++)
    if (caller >= modules[i].from && caller < modules[i].to)
      return 0;
  return 1;
}

/* glibc passes these arguments to every constructor; musl passes none, but there `environ` is set by now. */
__attribute__((constructor)) static void constructor(int argc, char **argv, char **variables) {
  (void)argc, (void)argv;
  start(&environ && environ ? environ : variables);
  if (!region)
    return;
  if (&dl_iterate_phdr)
    dl_iterate_phdr(remember, 0);
  __atomic_store_n(&region->ready, 1, __ATOMIC_RELEASE);
}

static void append(struct region *to, const char *name, uint32_t length, int late) {
  uint32_t whole = length + (late ? 1 : 0);
  uint32_t room = (4 + whole + 3) & ~3u;
  uint32_t at = __atomic_fetch_add(&to->used, room, __ATOMIC_RELAXED);
  if (length == 0 || at > NAMES_ROOM || room > NAMES_ROOM - at) {
    __atomic_store_n(&to->overflow, 1, __ATOMIC_RELAXED);
    return;
  }
  unsigned char *record = to->names + at + 4;
  if (late)
    *record++ = LATE;
  for (uint32_t i = 0; i < length; i++)
    record[i] = (unsigned char)name[i];
  __atomic_store_n((uint32_t *)(to->names + at), whole, __ATOMIC_RELEASE);
}

/* FNV-1a; the caller gets the length too. */
static uint64_t hash(const char *name, uint32_t *length) {
  uint64_t value = 0xcbf29ce484222325ull;
  uint32_t i = 0;
  for (; name[i] && i < NAMES_ROOM; i++)
    value = (value ^ (unsigned char)name[i]) * 0x100000001b3ull;
  *length = i;
  return value ? value : 1;
}

static void note(const char *name, uintptr_t caller) {
  struct region *to = __atomic_load_n(&region, __ATOMIC_ACQUIRE);
  uint32_t length;
  if (!to || !*name)
    return;
  int late = is_late(caller);
  uint64_t value = hash(name, &length) ^ (late ? 0x9e3779b97f4a7c15ull : 0);
  value = value ? value : 1;
  for (uint32_t probe = 0; probe < PROBES; probe++) {
    uint64_t *slot = &to->slots[(value + probe) % SLOTS];
    uint64_t found = __atomic_load_n(slot, __ATOMIC_RELAXED);
    if (found == 0 && __atomic_compare_exchange_n(slot, &found, value, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return append(to, name, length, late);
    if (found == value) {
      __atomic_fetch_add(&to->repeats[(value + probe) % SLOTS], 1, __ATOMIC_RELAXED);
      return;
    }
  }
  __atomic_store_n(&to->overflow, 1, __ATOMIC_RELAXED);
}

/* What every C library does; a race with setenv is the caller's to avoid, as ever. */
static char *find(const char *name) {
  char **variables = &environ ? environ : 0;
  if (!variables || !*name)
    return 0;
  for (; *variables; variables++) {
    const char *rest = after(*variables, name);
    if (rest && *rest == '=')
      return (char *)rest + 1;
  }
  return 0;
}

static char *answer(const char *name, uintptr_t caller) {
  start(&environ ? environ : 0);
  note(name, caller);
  return find(name);
}

__attribute__((visibility("default"))) char *getenv(const char *name) {
  return answer(name, (uintptr_t)__builtin_return_address(0));
}

/* Privileged programs are not run: `no_new_privs` is set. */
__attribute__((visibility("default"))) char *secure_getenv(const char *name) {
  return answer(name, (uintptr_t)__builtin_return_address(0));
}

/* The working directory. Code that was there at start-up asks for it on the compiler's behalf, which binds nothing. */

#define DIRECTORY "=directory"
#define EXECUTABLE "=executable"
#define HERE -100 /* AT_FDCWD */
#define FAILED(result) ((result) < 0 && (result) > -4096)
#define NO_MEMORY 12
#define NOTHING_THERE 2 /* ENOENT */
#define NO_DIRECTORY 20 /* ENOTDIR */
#define NOT_A_LINK 22   /* EINVAL */
#define MOST_LINKS 40
#define LONGEST 4096

extern int *__errno_location(void) __attribute__((weak));
extern void *malloc(size_t) __attribute__((weak));
extern void *dlsym(void *, const char *) __attribute__((weak));
#define NEXT ((void *)-1l) /* RTLD_NEXT, in glibc and in musl */

static int same(const char *text, const char *other) {
  const char *rest = after(text, other);
  return rest && !*rest;
}

static void ask_directory(uintptr_t caller) {
  if (is_late(caller))
    note(DIRECTORY, caller);
}

static void *fail(int error) {
  if (&__errno_location)
    *__errno_location() = error;
  return 0;
}

__attribute__((visibility("default"))) char *getcwd(char *buffer, size_t size) {
  ask_directory((uintptr_t)__builtin_return_address(0));
  char *to = buffer;
  /* Without a buffer, both libraries hand out one of their own; without a size it is as long as it has to be. */
  if (!to) {
    size = size ? size : LONGEST;
    to = &malloc ? malloc(size) : 0;
    if (!to)
      return fail(NO_MEMORY);
  }
  long result = call(NR_GETCWD, (long)to, (long)size, 0, 0, 0, 0);
  return FAILED(result) ? fail((int)-result) : to;
}

/* What the kernel says of a link, without anybody being asked. */
static long look_up(const struct region *shared, const char *path, char *target, long room) {
  uint64_t pass = shared->pass;
  return call(NR_READLINKAT, HERE, (long)path, (long)target, room, (long)(uint32_t)pass, (long)(pass >> 32));
}

/* Returns whether what is left of a path asks for a directory in front of it and will not find out by itself. */
static int needs_directory(const char *left) {
  if (*left != '/')
    return 0;
  while (*left == '/')
    left++;
  return !*left || (left[0] == '.' && (!left[1] || left[1] == '/' || (left[1] == '.' && (!left[2] || left[2] == '/'))));
}

/* Resolves as realpath(3) does, into `at`. Returns the length, or an error number below 0, or 0 where the C library has to
 * see to it, because the path is too long or something is wrong with it. */
static long resolve_unasked(const struct region *shared, const char *path, char at[LONGEST]) {
  char rest[LONGEST], target[LONGEST];
  uint32_t length = 0, size = 0, links = 0;
  for (; path[size]; size++) {
    if (size + 1 >= LONGEST)
      return 0;
    rest[size] = path[size];
  }
  rest[size] = 0;
  if (*rest != '/') {
    long got = call(NR_GETCWD, (long)at, LONGEST, 0, 0, 0, 0);
    if (!*rest || FAILED(got) || *at != '/')
      return 0;
    length = at[1] ? (uint32_t)got - 1 : 0;
  }
  for (const char *left = rest;;) {
    uint32_t name = 0, before = length;
    while (*left == '/')
      left++;
    if (!*left)
      break;
    while (left[name] && left[name] != '/')
      name++;
    if (left[0] == '.' && (name == 1 || (name == 2 && left[1] == '.'))) {
      while (name == 2 && length && at[--length] != '/')
        ;
      left += name;
      continue;
    }
    if (length + name + 3 > LONGEST)
      return 0;
    at[length++] = '/';
    for (uint32_t i = 0; i < name; i++)
      at[length++] = left[i];
    at[length] = 0;
    left += name;
    long found = look_up(shared, at, target, LONGEST - 1);
    if (found == -NOT_A_LINK && needs_directory(left)) {
      at[length] = '/', at[length + 1] = 0;
      found = look_up(shared, at, target, LONGEST - 1);
      at[length] = 0;
    }
    if (found == -NOT_A_LINK)
      continue;
    if (found == -NOTHING_THERE || found == -NO_DIRECTORY)
      return found;
    if (FAILED(found) || found == 0 || ++links > MOST_LINKS)
      return 0;
    /* What the link says comes in front of what is left, and stands for the name or for the whole path. */
    for (size = (uint32_t)found; *left; left++) {
      if (size + 1 >= LONGEST)
        return 0;
      target[size++] = *left;
    }
    for (uint32_t i = 0; i < size; i++)
      rest[i] = target[i];
    rest[size] = 0;
    left = rest;
    length = *rest == '/' ? 0 : before;
  }
  if (length == 0)
    at[length++] = '/';
  at[length] = 0;
  return length;
}

typedef char *(*resolve)(const char *, char *);

/* The C library asks about every directory of a path, which is more than all else that a compile asks. What the compiler
 * resolves on its own behalf it then opens, so nobody need hear of it. */
__attribute__((visibility("default"))) char *realpath(const char *path, char *resolved) {
  uintptr_t caller = (uintptr_t)__builtin_return_address(0);
  const struct region *shared = __atomic_load_n(&region, __ATOMIC_ACQUIRE);
  char at[LONGEST];
  ask_directory(caller);
  if (shared && shared->pass && path && !is_late(caller)) {
    long length = resolve_unasked(shared, path, at);
    if (length < 0)
      return fail((int)-length);
    char *to = length && !resolved && &malloc ? malloc((size_t)length + 1) : resolved;
    if (length && to) {
      for (long i = 0; i <= length; i++)
        to[i] = at[i];
      return to;
    }
  }
  resolve next = &dlsym ? (resolve)dlsym(NEXT, "realpath") : 0;
  return next ? next(path, resolved) : fail(NO_MEMORY);
}

/* How the standard library finds the executable of the process. */
__attribute__((visibility("default"))) ssize_t readlink(const char *path, char *buffer, size_t size) {
  uintptr_t caller = (uintptr_t)__builtin_return_address(0);
  if (is_late(caller) && path && same(path, "/proc/self/exe"))
    note(EXECUTABLE, caller);
  long result = call(NR_READLINKAT, HERE, (long)path, (long)buffer, (long)size, 0, 0);
  if (FAILED(result)) {
    fail((int)-result);
    return -1;
  }
  return result;
}
