/*
** failmalloc.c: malloc and its relatives, with a switch. See failmalloc.h.
*/
#include "failmalloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 40

/* What glibc calls its own, whoever interposes. */
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *p, size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);
extern void __libc_free (void *p);

static atomic_long live;

static __thread struct {
  bool aside;
  bool armed;
  bool hit;
  long n, count;
  failmalloc_mode mode;
} state;

/* Of all threads at once, when they are. */
static atomic_bool all_armed, all_hit;
static atomic_long all_n, all_count;
static failmalloc_mode all_mode;

/* Where the code of a library is; no `end`: not looked for. */
typedef struct code {
  const char *name; /* how its file's name ends */
  uintptr_t begin, end;
} code;

/* On whose behalf allocations fail; or on anybody's. */
static code meant;

/* It allocates while it holds a lock, and finds those who called. */
static code unwinder;

/* Of the first failure. */
static void *frames[FRAMES];
static int n_frames;

/* The unwinder allocates when it is first used. */
__attribute__((constructor)) static void warm_up (void) {
  n_frames = backtrace(frames, FRAMES);
}

static void note_frames (void) {
  state.aside = true; /* what backtrace allocates is not counted */
  n_frames = backtrace(frames, FRAMES);
  state.aside = false;
}

static bool is_in (const code *c, const void *address) {
  return (uintptr_t)address >= c->begin && (uintptr_t)address < c->end;
}

/* Is that code among those who called for this allocation? */
static bool is_meant (const void *caller) {
  void *callers[FRAMES];
  int i, n;

  if (meant.end == 0)
    return true;
  if (is_in(&unwinder, caller))
    return false;
  state.aside = true;
  n = backtrace(callers, FRAMES);
  state.aside = false;
  for (i = 0; i < n; i++)
    if (is_in(&meant, callers[i]))
      return true;
  return false;
}

static bool refused_to_all (const void *caller) {
  if (!is_meant(caller))
    return false;
  if (atomic_fetch_add(&all_count, 1) + 1 < all_n)
    return false;
  if (!atomic_exchange(&all_hit, true))
    note_frames();
  else if (all_mode == FAIL_ONCE)
    return false;
  errno = ENOMEM;
  return true;
}

static bool refused (const void *caller) {
  if (state.aside)
    return false;
  if (all_armed)
    return refused_to_all(caller);
  if (!state.armed)
    return false;
  state.count++;
  if (state.n == 0 || state.count < state.n ||
      (state.hit && state.mode == FAIL_ONCE))
    return false;
  if (!state.hit) {
    state.hit = true;
    note_frames();
  }
  errno = ENOMEM;
  return true;
}

static void *counted (void *p) {
  if (p != NULL)
    atomic_fetch_add(&live, 1);
  return p;
}

/*------------------------------------------------------------ interposed */

#define CALLER __builtin_return_address(0)

void *malloc (size_t size) {
  return refused(CALLER) ? NULL : counted(__libc_malloc(size));
}

void *calloc (size_t n, size_t size) {
  return refused(CALLER) ? NULL : counted(__libc_calloc(n, size));
}

void free (void *p) {
  if (p != NULL)
    atomic_fetch_sub(&live, 1);
  __libc_free(p);
}

void *realloc (void *p, size_t size) {
  void *q;

  if (p != NULL && size == 0) {
    free(p);
    return NULL;
  }
  if (refused(CALLER))
    return NULL;
  q = __libc_realloc(p, size);
  return p == NULL ? counted(q) : q;
}

void *reallocarray (void *p, size_t n, size_t size) {
  if (size != 0 && n > SIZE_MAX / size) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(p, n * size);
}

void *memalign (size_t alignment, size_t size) {
  return refused(CALLER) ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc (size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign (void **out, size_t alignment, size_t size) {
  void *p = memalign(alignment, size);

  if (p == NULL)
    return ENOMEM;
  *out = p;
  return 0;
}

/*--------------------------------------------------------------- control */

void failmalloc_arm (long n, failmalloc_mode mode) {
  if (n > 0)
    n_frames = 0; /* else those of the last failure stay to be looked at */
  state.n = n;
  state.mode = mode;
  state.count = 0;
  state.hit = false;
  state.armed = true;
}

void failmalloc_arm_all (long n, failmalloc_mode mode) {
  state.hit = false;
  if (n == 0)
    return; /* never fails */
  n_frames = 0;
  all_n = n;
  all_mode = mode;
  all_count = 0;
  all_hit = false;
  all_armed = true;
}

static int find_code (struct dl_phdr_info *info, size_t size, void *user) {
  code *c = user;
  size_t len = strlen(info->dlpi_name), end_len = strlen(c->name);
  int i;

  (void)size;
  if (len < end_len || strcmp(info->dlpi_name + len - end_len, c->name) != 0)
    return 0;
  for (i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_LOAD &&
        (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
      c->begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      c->end = c->begin + info->dlpi_phdr[i].p_memsz;
    }
  return 1;
}

bool failmalloc_arm_for (const char *library, long n, failmalloc_mode mode) {
  unwinder.name = "/libgcc_s.so.1";
  meant.name = library;
  if (dl_iterate_phdr(find_code, &unwinder) == 0 ||
      dl_iterate_phdr(find_code, &meant) == 0)
    return false;
  failmalloc_arm_all(n, mode);
  return true;
}

bool failmalloc_disarm (void) {
  bool hit = all_armed ? all_hit : state.hit;

  all_armed = false;
  state.armed = false;
  return hit;
}

long failmalloc_count (void) {
  return state.count;
}

long failmalloc_live (void) {
  return atomic_load(&live);
}

static const char *file_of (void *frame, Dl_info *info) {
  const char *slash;

  if (dladdr(frame, info) == 0 || info->dli_fname == NULL)
    return "?";
  slash = strrchr(info->dli_fname, '/');
  return slash != NULL ? slash + 1 : info->dli_fname;
}

bool failmalloc_blames (const char *library) {
  static const char *const through[] = {"libfailmalloc", "libc.", "libcjson",
                                        "?"};
  int i;

  for (i = 0; i < n_frames; i++) {
    Dl_info info;
    const char *file = file_of(frames[i], &info);
    bool skip = false;
    size_t k;
    for (k = 0; k < sizeof(through) / sizeof(through[0]); k++)
      skip = skip || strncmp(file, through[k], strlen(through[k])) == 0;
    if (!skip)
      return strncmp(file, library, strlen(library)) == 0;
  }
  return false;
}

void failmalloc_trace (void) {
  int i;

  for (i = 1; i < n_frames; i++) {
    char command[600];
    Dl_info info;
    if (dladdr(frames[i], &info) == 0 || info.dli_fname == NULL)
      continue;
    if (info.dli_sname != NULL) {
      fprintf(stderr, "    %s (%s)\n", info.dli_sname,
              file_of(frames[i], &info));
      continue;
    }
    snprintf(command, sizeof(command),
             "printf '    ' >&2; LD_PRELOAD= addr2line -fpse '%s' %#lx >&2",
             info.dli_fname,
             (unsigned long)((char *)frames[i] - (char *)info.dli_fbase - 1));
    if (system(command) != 0)
      fprintf(stderr, "    %p\n", frames[i]);
  }
}
