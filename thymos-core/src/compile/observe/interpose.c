/* Preloaded into the compiler: reports each name that is asked of getenv, once, into shared memory, and what else a proc
 * macro asked the C library for: the working directory, the program that it runs in, the clock, facts about the machine.
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
#define CHAINS 256 /* distinct ways by which loaded code came to ask for metadata */
#define CHAIN 8    /* return addresses of each */
#define UNKNOWN_CHAIN 0xffffffull
#define LATE 1 /* stands before the name in a record of code that was loaded later */

struct region {
  uint64_t magic;
  uint32_t ready;    /* 1 when start-up is over */
  uint32_t overflow; /* 1 when a name found no room */
  uint32_t used;     /* bytes of `names` that are handed out */
  uint32_t shares_std; /* 1 when loaded code uses the compiler's own copy of the standard library */
  uint64_t pass;  /* what the filter lets a look-up of a link by that shows it; 0 for nothing */
  uint64_t token; /* shown with a question about metadata: the low 24 bits say who asks, 0 for the compiler */
  uint32_t chain_count;
  uint32_t unused;
  uint64_t chains[CHAINS][CHAIN];
  char original[ORIGINAL_ROOM]; /* the variable that LD_PRELOAD displaced */
  uint64_t slots[SLOTS];        /* hashes of the names that are recorded; 0 is free */
  unsigned char names[NAMES_ROOM]; /* records: length (4 bytes, written last), bytes, padding to 4 */
  uint32_t repeats[SLOTS];         /* how often more the name of a slot was asked for */
};

extern char **environ __attribute__((weak));

static struct region *region;
static uint32_t started;
static char restored[ORIGINAL_ROOM];
static struct { uintptr_t from, to; int is_std; } modules[MODULES];
static uint32_t module_count;

extern int dl_iterate_phdr(int (*)(struct dl_phdr_info *, size_t, void *), void *) __attribute__((weak));

#if defined(__x86_64__)
#define NR_MMAP 9
#define NR_CLOSE 3
#define NR_GETCWD 79
#define NR_READLINKAT 267
#define NR_NEWFSTATAT 262
#define NR_OPENAT 257
#define NR_FSTAT 5
#define NR_STATX 332
#define NR_UNAME 63
#define NR_UMASK 95
#define NR_GETRANDOM 318
#define NR_SYSINFO 99
#define NR_SCHED_GETAFFINITY 204
#define NR_PRLIMIT64 302
#define NR_GETUID 102
#define NR_GETEUID 107
#define NR_GETGID 104
#define NR_GETEGID 108
#define NR_GETRUSAGE 98
#define NR_TIMES 100
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
#define NR_NEWFSTATAT 79
#define NR_OPENAT 56
#define NR_FSTAT 80
#define NR_STATX 291
#define NR_UNAME 160
#define NR_UMASK 166
#define NR_GETRANDOM 278
#define NR_SYSINFO 179
#define NR_SCHED_GETAFFINITY 123
#define NR_PRLIMIT64 261
#define NR_GETUID 174
#define NR_GETEUID 175
#define NR_GETGID 176
#define NR_GETEGID 177
#define NR_GETRUSAGE 165
#define NR_TIMES 153
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

static int has(const char *text, const char *part) {
  for (; *text; text++)
    if (after(text, part))
      return 1;
  return 0;
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
    modules[module_count].is_std = info->dlpi_name && has(info->dlpi_name, "/libstd-");
    modules[module_count].from = from;
    modules[module_count++].to = to;
  }
  return 0;
}

/* Before start-up is over nothing can have been loaded later. Code of the standard library counts as loaded where the loaded
 * code shares it. */
static int is_late(uintptr_t caller) {
  struct region *shared = __atomic_load_n(&region, __ATOMIC_ACQUIRE);
  for (uint32_t i = 0; i < module_count; i++)
    if (caller >= modules[i].from && caller < modules[i].to)
      return modules[i].is_std && shared && __atomic_load_n(&shared->shares_std, __ATOMIC_RELAXED);
  /* Where the modules are not known, everything counts as loaded later: that is the cautious side. */
  return module_count > 0 || (shared && __atomic_load_n(&shared->ready, __ATOMIC_RELAXED));
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

/* Metadata. Who asks is shown to the watcher in an argument that the kernel does not look at: the compiler, or the way by which
 * loaded code came to ask. The same structures as the kernel's, on both architectures and with both C libraries. */

struct stat;
struct statx;
struct _Unwind_Context;
extern int _Unwind_Backtrace(int (*)(struct _Unwind_Context *, void *), void *) __attribute__((weak));
extern uintptr_t _Unwind_GetIP(struct _Unwind_Context *) __attribute__((weak));

#define EMPTY_PATH 0x1000
#define NO_FOLLOW 0x100
#define MOST_FRAMES 24

struct walk {
  uintptr_t caller, at[CHAIN];
  uint32_t count, seen;
};

/* Takes down the caller and those above it; what lies below is this library. */
static int step(struct _Unwind_Context *frame, void *to) {
  struct walk *walk = to;
  uintptr_t at = _Unwind_GetIP(frame);
  if (walk->count || at == walk->caller)
    walk->at[walk->count++] = at;
  return walk->count == CHAIN || ++walk->seen == MOST_FRAMES ? 5 /* _URC_END_OF_STACK */ : 0;
}

/* Returns the number of the way by which the caller came here, counted from one. */
static uint64_t chain(struct region *shared, uintptr_t caller) {
  struct walk walk = {caller, {0}, 0, 0};
  if (!&_Unwind_Backtrace || !&_Unwind_GetIP)
    return UNKNOWN_CHAIN;
  _Unwind_Backtrace(step, &walk);
  if (!walk.count)
    return UNKNOWN_CHAIN;
  uint32_t known = __atomic_load_n(&shared->chain_count, __ATOMIC_ACQUIRE);
  for (uint32_t i = 0; i < known && i < CHAINS; i++) {
    int same = 1;
    for (uint32_t at = 0; at < CHAIN; at++)
      same &= shared->chains[i][at] == walk.at[at];
    if (same)
      return i + 1;
  }
  uint32_t next = __atomic_fetch_add(&shared->chain_count, 1, __ATOMIC_ACQ_REL);
  if (next >= CHAINS)
    return UNKNOWN_CHAIN;
  for (uint32_t at = 0; at < CHAIN; at++)
    shared->chains[next][at] = walk.at[at];
  return next + 1;
}

static long token(uintptr_t caller) {
  struct region *shared = __atomic_load_n(&region, __ATOMIC_ACQUIRE);
  if (!shared || !shared->token)
    return 0;
  return (long)(shared->token | (is_late(caller) ? chain(shared, caller) : 0));
}

static int done(long result) {
  if (!FAILED(result))
    return (int)result;
  fail((int)-result);
  return -1;
}

#define EXPORT __attribute__((visibility("default")))
#define CALLER ((uintptr_t)__builtin_return_address(0))
#define STAT(at, path, to, flags) done(call(NR_NEWFSTATAT, at, (long)(path), (long)(to), flags, 0, token(CALLER)))

EXPORT int stat(const char *path, struct stat *to) { return STAT(HERE, path, to, 0); }
EXPORT int stat64(const char *path, struct stat *to) { return STAT(HERE, path, to, 0); }
EXPORT int lstat(const char *path, struct stat *to) { return STAT(HERE, path, to, NO_FOLLOW); }
EXPORT int lstat64(const char *path, struct stat *to) { return STAT(HERE, path, to, NO_FOLLOW); }
EXPORT int fstatat(int at, const char *path, struct stat *to, int flags) { return STAT(at, path, to, flags); }
EXPORT int fstatat64(int at, const char *path, struct stat *to, int flags) { return STAT(at, path, to, flags); }
EXPORT int fstat(int fd, struct stat *to) { return done(call(NR_FSTAT, fd, (long)to, 0, 0, 0, token(CALLER))); }
EXPORT int fstat64(int fd, struct stat *to) { return done(call(NR_FSTAT, fd, (long)to, 0, 0, 0, token(CALLER))); }
EXPORT int statx(int at, const char *path, int flags, unsigned mask, struct statx *to) {
  return done(call(NR_STATX, at, (long)path, flags, mask, (long)to, token(CALLER)));
}

/* Files that the compiler opens for itself: with them it shows the same. */
static int opened(int at, const char *path, int flags, int mode, uintptr_t caller) {
  struct region *shared = __atomic_load_n(&region, __ATOMIC_ACQUIRE);
  long own = shared && !is_late(caller) ? (long)shared->token : 0;
  return done(call(NR_OPENAT, at, (long)path, flags, mode, 0, own));
}

/* Other flags leave the mode unread, as in the C libraries. */
#define OPEN(at)                                                                                                               \
  __builtin_va_list rest;                                                                                                      \
  __builtin_va_start(rest, flags);                                                                                             \
  int mode = flags & (0100 | 020000000) ? __builtin_va_arg(rest, int) : 0; /* O_CREAT, O_TMPFILE */                            \
  __builtin_va_end(rest);                                                                                                      \
  return opened(at, path, flags, mode, CALLER)

EXPORT int open(const char *path, int flags, ...) { OPEN(HERE); }
EXPORT int open64(const char *path, int flags, ...) { OPEN(HERE); }
EXPORT int openat(int at, const char *path, int flags, ...) { OPEN(at); }
EXPORT int openat64(int at, const char *path, int flags, ...) { OPEN(at); }

/* What else can be asked of the C library. The record of loaded code that does is `=` and the name of the system call that
 * stands for it; what the C library reads of the environment by itself counts as read by whoever called it. */

static void ask(const char *what, uintptr_t caller) {
  if (is_late(caller))
    note(what, caller);
}

static void *next(const char *name) { return &dlsym ? dlsym(NEXT, name) : 0; }

EXPORT int uname(void *to) { return ask("=uname", CALLER), done(call(NR_UNAME, (long)to, 0, 0, 0, 0, 0)); }
EXPORT int sysinfo(void *to) { return ask("=sysinfo", CALLER), done(call(NR_SYSINFO, (long)to, 0, 0, 0, 0, 0)); }
EXPORT unsigned umask(unsigned mask) { return ask("=umask", CALLER), (unsigned)call(NR_UMASK, mask, 0, 0, 0, 0, 0); }
EXPORT unsigned getuid(void) { return ask("=getuid", CALLER), (unsigned)call(NR_GETUID, 0, 0, 0, 0, 0, 0); }
EXPORT unsigned geteuid(void) { return ask("=geteuid", CALLER), (unsigned)call(NR_GETEUID, 0, 0, 0, 0, 0, 0); }
EXPORT unsigned getgid(void) { return ask("=getgid", CALLER), (unsigned)call(NR_GETGID, 0, 0, 0, 0, 0, 0); }
EXPORT unsigned getegid(void) { return ask("=getegid", CALLER), (unsigned)call(NR_GETEGID, 0, 0, 0, 0, 0, 0); }

EXPORT ssize_t getrandom(void *to, size_t size, unsigned flags) {
  /* The standard library seeds its hash tables so (std::sys::random::hashmap_random_keys). */
  if (!(size == 16 && flags == 4))
    ask("=getrandom", CALLER);
  long result = call(NR_GETRANDOM, (long)to, (long)size, flags, 0, 0, 0);
  return FAILED(result) ? fail((int)-result), -1 : result;
}

#define FORWARD(type, name, parameters, arguments, otherwise, ...)                                                             \
  EXPORT type name parameters {                                                                                                \
    static type(*real) parameters;                                                                                             \
    static const char *const asked[] = {__VA_ARGS__};                                                                          \
    if (is_late(CALLER))                                                                                                       \
      for (uint32_t i = 0; i < sizeof asked / sizeof *asked; i++)                                                              \
        note(asked[i], CALLER);                                                                                                \
    if (!real)                                                                                                                 \
      real = (type(*) parameters)next(#name);                                                                                  \
    return real ? real arguments : otherwise;                                                                                  \
  }

#define LOCALE "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME", "LANG", "LANGUAGE", "LOCPATH"
#define ZONE "TZ", "TZDIR"

FORWARD(int, clock_gettime, (int clock, void *to), (clock, to), -1, "=clock_gettime")
FORWARD(int, gettimeofday, (void *to, void *zone), (to, zone), -1, "=gettimeofday")
FORWARD(long, time, (long *to), (to), -1, "=time")
FORWARD(long, clock, (void), (), -1, "=clock")
FORWARD(int, timespec_get, (void *to, int base), (to, base), 0, "=clock_gettime")
FORWARD(long, times, (void *to), (to), -1, "=times")
FORWARD(int, getrusage, (int who, void *to), (who, to), -1, "=getrusage")
FORWARD(int, getentropy, (void *to, size_t size), (to, size), -1, "=getrandom")
FORWARD(unsigned, arc4random, (void), (), 0, "=getrandom")
FORWARD(int, gethostname, (char *to, size_t size), (to, size), -1, "=uname")
FORWARD(long, gethostid, (void), (), 0, "=gethostid")
FORWARD(int, getloadavg, (double *to, int count), (to, count), -1, "=getloadavg")
FORWARD(int, sched_getcpu, (void), (), -1, "=getcpu")
FORWARD(int, getcpu, (unsigned *one, unsigned *two), (one, two), -1, "=getcpu")
FORWARD(int, sched_getaffinity, (int pid, size_t size, void *to), (pid, size, to), -1, "=sched_getaffinity")
FORWARD(int, pthread_getaffinity_np, (void *of, size_t size, void *to), (of, size, to), 38, "=sched_getaffinity")
FORWARD(int, get_nprocs, (void), (), 1, "=sched_getaffinity")
FORWARD(int, get_nprocs_conf, (void), (), 1, "=sched_getaffinity")
FORWARD(long, get_phys_pages, (void), (), -1, "=sysinfo")
FORWARD(long, get_avphys_pages, (void), (), -1, "=sysinfo")
FORWARD(int, getrlimit, (int which, void *to), (which, to), -1, "=prlimit64")
FORWARD(int, getrlimit64, (int which, void *to), (which, to), -1, "=prlimit64")
FORWARD(int, prlimit, (int of, int which, const void *from, void *to), (of, which, from, to), -1, "=prlimit64")
FORWARD(int, prlimit64, (int of, int which, const void *from, void *to), (of, which, from, to), -1, "=prlimit64")
FORWARD(int, getdtablesize, (void), (), -1, "=prlimit64")
FORWARD(char *, get_current_dir_name, (void), (), 0, DIRECTORY)
FORWARD(char *, getwd, (char *to), (to), 0, DIRECTORY)
FORWARD(void, tzset, (void), (), (void)0, ZONE)
FORWARD(void *, localtime, (const void *at), (at), 0, ZONE)
FORWARD(void *, localtime_r, (const void *at, void *to), (at, to), 0, ZONE)
FORWARD(long, mktime, (void *at), (at), -1, ZONE)
FORWARD(char *, ctime, (const void *at), (at), 0, ZONE)
FORWARD(char *, ctime_r, (const void *at, char *to), (at, to), 0, ZONE)
FORWARD(size_t, strftime, (char *to, size_t size, const char *how, const void *at), (to, size, how, at), 0, ZONE)
FORWARD(char *, setlocale, (int what, const char *to), (what, to), 0, LOCALE)
FORWARD(void *, newlocale, (int what, const char *to, void *from), (what, to, from), 0, LOCALE)
FORWARD(int, wordexp, (const char *text, void *to, int flags), (text, to, flags), 1, "=wordexp")
FORWARD(int, glob, (const char *text, int flags, void *on_error, void *to), (text, flags, on_error, to), 1, "HOME")
FORWARD(int, glob64, (const char *text, int flags, void *on_error, void *to), (text, flags, on_error, to), 1, "HOME")
FORWARD(char *, tempnam, (const char *in, const char *name), (in, name), 0, "TMPDIR")
FORWARD(int, execvp, (const char *name, char *const *arguments), (name, arguments), -1, "PATH")
FORWARD(int, execvpe, (const char *name, char *const *arguments, char *const *all), (name, arguments, all), -1, "PATH")
FORWARD(int, posix_spawnp, (void *to, const char *name, const void *files, const void *how, char *const *arguments, char *const *all),
        (to, name, files, how, arguments, all), 38, "PATH")

/* What `sysconf` is asked for by number; sizes of pages and of names are the same everywhere. */
EXPORT long sysconf(int what) {
  static long (*real)(int);
  switch (what) {
  case 83: /* _SC_NPROCESSORS_CONF */
  case 84: /* _SC_NPROCESSORS_ONLN */
    ask("=sched_getaffinity", CALLER);
    break;
  case 85: /* _SC_PHYS_PAGES */
  case 86: /* _SC_AVPHYS_PAGES */
    ask("=sysinfo", CALLER);
    break;
  case 0: /* _SC_ARG_MAX */
  case 1: /* _SC_CHILD_MAX */
  case 4: /* _SC_OPEN_MAX */
    ask("=prlimit64", CALLER);
  }
  if (!real)
    real = (long (*)(int))next("sysconf");
  return real ? real(what) : -1;
}

/* What the kernel told the process at its start. What the processor can do shapes how a macro runs, not what it makes. */
EXPORT unsigned long getauxval(unsigned long what) {
  static unsigned long (*real)(unsigned long);
  if (what == 31) /* AT_EXECFN */
    ask(EXECUTABLE, CALLER);
  else if (what == 25) /* AT_RANDOM */
    ask("=getrandom", CALLER);
  else if (what >= 11 && what <= 14) /* AT_UID and its kin */
    ask("=getuid", CALLER);
  if (!real)
    real = (unsigned long (*)(unsigned long))next("getauxval");
  return real ? real(what) : 0;
}

/* A system call by number. The watcher sees it come from here, so what this does not note must not be one that is noted. */
EXPORT long syscall(long nr, long a, long b, long c, long d, long e, long f) {
  uintptr_t caller = CALLER;
  if (is_late(caller)) {
    switch (nr) {
    case NR_GETCWD: note(DIRECTORY, caller); break;
    case NR_UNAME: note("=uname", caller); break;
    case NR_UMASK: note("=umask", caller); break;
    case NR_SYSINFO: note("=sysinfo", caller); break;
    case NR_SCHED_GETAFFINITY: note("=sched_getaffinity", caller); break;
    case NR_PRLIMIT64: note("=prlimit64", caller); break;
    case NR_GETUID: case NR_GETEUID: case NR_GETGID: case NR_GETEGID: note("=getuid", caller); break;
    case NR_GETRUSAGE: note("=getrusage", caller); break;
    case NR_TIMES: note("=times", caller); break;
    case NR_GETRANDOM:
      if (!(b == 16 && c == 4))
        note("=getrandom", caller);
      break;
    case NR_FSTAT: f = token(caller); break;
    case NR_NEWFSTATAT: case NR_STATX: f = token(caller); break;
#if defined(__x86_64__)
    case 228: case 96: case 201: note("=clock_gettime", caller); break;
    case 97: note("=prlimit64", caller); break;
#else
    case 113: case 169: note("=clock_gettime", caller); break;
#endif
    }
  } else if (nr == NR_FSTAT || nr == NR_NEWFSTATAT || nr == NR_STATX) {
    f = token(caller);
  }
  long result = call(nr, a, b, c, d, e, f);
  return FAILED(result) ? fail((int)-result), -1 : result;
}
