/* Stands in the place of a build script's executable: has thymos look the run up, or becomes the script.
 *
 * The invariant: whatever is missing (thymos, its store, /proc), the script beside this file runs with the name, arguments,
 * environment, directory and descriptors that this process was given.
 *
 * Only where Cargo has a wrapper is thymos asked: Cargo tells scripts of theirs, and a build without one is plain. No C library
 * is linked, so starting costs two system calls and an execve. `struct note` is filled in by launcher.rs. */

#define MAGIC "thymos launcher\1"
#define PATH_ROOM 4096
#define NAME_ROOM 256

/* What thymos writes into the copy that it lays out. */
static volatile struct note {
  char magic[16];
  char thymos[PATH_ROOM]; /* the program that laid this out */
  char script[NAME_ROOM]; /* the script's name in this directory */
} note = {MAGIC, "", ""};

#if defined(__x86_64__)
#define NR_WRITE 1
#define NR_EXECVE 59
#define NR_EXIT 231
#define NR_READLINKAT 267
static long call(long nr, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call launch\n");
#elif defined(__aarch64__)
#define NR_WRITE 64
#define NR_EXECVE 221
#define NR_EXIT 94
#define NR_READLINKAT 78
static long call(long nr, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n bl launch\n");
#else
#error "no system calls for this architecture"
#endif

#define HERE -100 /* AT_FDCWD */
#define MOST_VARIABLES 16384

static char script[PATH_ROOM + NAME_ROOM];
static char named[PATH_ROOM + 16];
static char *variables[MOST_VARIABLES + 2];

/* Returns what follows `prefix` in `text`, or null. */
static const char *after(const char *text, const char *prefix) {
  while (*prefix)
    if (*text++ != *prefix++)
      return 0;
  return text;
}

/* Puts `text` at `to` and returns its end; nothing is written behind `end`. */
static char *put(char *to, const char *end, const volatile char *text) {
  while (*text && to < end)
    *to++ = *text++;
  *to = 0;
  return to;
}

/* Writes the script's path: beside this file, whatever name this was started under. */
static void find_script(const char *name) {
  long length = call(NR_READLINKAT, HERE, (long)"/proc/self/exe", (long)script, PATH_ROOM - 1);
  char *end = script;
  if (length > 0)
    end = script + length;
  else
    end = put(script, script + PATH_ROOM - 1, name);
  while (end > script && end[-1] != '/')
    end--;
  put(end, script + sizeof script - 1, note.script);
}

/* Copies the environment with one variable more, and returns whether thymos is to be asked at all. */
static int wants_thymos(char **from, const char *name) {
  long count = 0;
  int wrapped = 0, told = 0;
  for (; from[count]; count++) {
    const char *value;
    if (count >= MOST_VARIABLES || after(from[count], "THYMOS_ACTIVE=") || after(from[count], "THYMOS_SCRIPT="))
      return 0;
    if ((value = after(from[count], "THYMOS_MODE=")) && (value = after(value, "off")) && !*value)
      return 0;
    value = after(from[count], "RUSTC_WRAPPER=");
    value = value ? value : after(from[count], "RUSTC_WORKSPACE_WRAPPER=");
    wrapped |= value && *value;
    told |= after(from[count], "OUT_DIR=") != 0;
    variables[count] = from[count];
  }
  char *end = put(named, named + sizeof named - 1, "THYMOS_SCRIPT=");
  if (put(end, named + sizeof named - 1, name) == named + sizeof named - 1)
    return 0;
  variables[count] = named;
  return wrapped && told && note.thymos[0];
}

static void say(const char *text) {
  long length = 0;
  while (text[length])
    length++;
  call(NR_WRITE, 2, (long)text, length, 0);
}

__attribute__((used, noreturn)) void launch(long *stack) {
  long count = stack[0];
  char **arguments = (char **)(stack + 1);
  char **environment = arguments + count + 1;
  find_script(count > 0 ? arguments[0] : "");
  /* Cargo gives a script no arguments; somebody who does is not Cargo. */
  if (count == 1 && wants_thymos(environment, arguments[0])) {
    char *asked[] = {(char *)note.thymos, script, 0};
    call(NR_EXECVE, (long)asked[0], (long)asked, (long)variables, 0);
  }
  call(NR_EXECVE, (long)script, (long)arguments, (long)environment, 0);
  say("thymos: the build script that belongs here is gone; `cargo clean` has it compiled again: ");
  say(script);
  say("\n");
  for (;;)
    call(NR_EXIT, 127, 0, 0, 0);
}
