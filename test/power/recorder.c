/*
 * Preloaded into a process that works on a store: writes down everything that process asks of the disk below one folder,
 * in the order in which it was asked, with the bytes. Each call and its record are one step, so the trace is what
 * happened; only a sync is two records, between which others run.
 *
 *   HALFMQ_POWER_ROOT    folder to be watched; calls elsewhere pass
 *   HALFMQ_POWER_TRACE   file the records are appended to; without one nothing is recorded, and syncs are said to be done
 *   HALFMQ_POWER_NOTES   a path: what is written to it becomes a note in the trace, and `die` is SIGKILL
 *   HALFMQ_POWER_BOOT    file that answers for /proc/sys/kernel/random/boot_id
 *   HALFMQ_POWER_DIE     SIGKILL after this many writes
 *   HALFMQ_POWER_DELAY   a sync takes up to this many microseconds
 *
 * A record, little-endian: payload length 4, kind 1, flags 1, unused 2, descriptor 4, unused 4, a 8, b 8, payload.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum { START = 1, OPEN, CLOSE, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR, LINK, NOTE, UNKNOWN };
enum { CREATED = 1, DSYNC = 2, TRUNCATED = 4 };
enum { NONE = 0, WATCHED, NOTES, BOOT };

#define MOST_DESCRIPTORS 65536
#define REAL(name) ((__typeof__(&name))real(#name))

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static const char *root, *notes, *boot;
static size_t root_length;
static int trace = -1;
static long writes, die_after, delay;
static uint64_t syncs;
static unsigned dice;
static struct { char kind, dsync; dev_t device; ino_t inode; } table[MOST_DESCRIPTORS];

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

struct head { uint32_t size; uint8_t kind, flags; uint16_t unused; int32_t fd; int32_t unused2; uint64_t a, b; };

static void record(int kind, int flags, int fd, uint64_t a, uint64_t b, const struct iovec *parts, int count) {
  if (trace < 0) return;
  struct head head = {.kind = kind, .flags = flags, .fd = fd, .a = a, .b = b};
  struct iovec all[1025] = {{&head, sizeof head}};
  size_t total = sizeof head;
  for (int i = 0; i < count && i < 1024; i++) {
    all[i + 1] = parts[i];
    head.size += parts[i].iov_len;
    total += parts[i].iov_len;
  }
  if (REAL(writev)(trace, all, count + 1) != (ssize_t)total) abort();
}

static void record_text(int kind, int flags, int fd, const char *text, const char *second) {
  struct iovec parts[3] = {{(void *)text, strlen(text)}, {"\0", 1}, {(void *)second, second ? strlen(second) : 0}};
  record(kind, flags, fd, 0, 0, parts, second ? 3 : 1);
}

__attribute__((constructor)) static void begin(void) {
  root = getenv("HALFMQ_POWER_ROOT");
  root_length = root ? strlen(root) : 0;
  notes = getenv("HALFMQ_POWER_NOTES");
  boot = getenv("HALFMQ_POWER_BOOT");
  die_after = atol(getenv("HALFMQ_POWER_DIE") ?: "0");
  delay = atol(getenv("HALFMQ_POWER_DELAY") ?: "0");
  dice = getpid();
  const char *file = getenv("HALFMQ_POWER_TRACE");
  if (!file || !root) return;
  trace = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  record(START, 0, 0, getpid(), 0, NULL, 0);
}

static int below(const char *path) {
  return root && path && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || !path[root_length]);
}

/* The path as the kernel would find it from an open folder. */
static const char *at(int folder, const char *path, char *room) {
  if (folder == AT_FDCWD || !path || path[0] == '/') return path;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, room, PATH_MAX - 1);
  if (length < 0) return path;
  snprintf(room + length, PATH_MAX - length, "/%s", path);
  return room;
}

/* A descriptor that was closed behind our back and given again is known by its inode. */
static int is(int fd, int kind) {
  if (fd < 0 || fd >= MOST_DESCRIPTORS || table[fd].kind != kind) return 0;
  struct stat now;
  if (fstat(fd, &now) == 0 && now.st_ino == table[fd].inode && now.st_dev == table[fd].device) return 1;
  table[fd].kind = NONE;
  return 0;
}

static int remember(int fd, int kind, int flags) {
  struct stat now;
  if (fd < 0 || fd >= MOST_DESCRIPTORS || fstat(fd, &now) != 0) return fd;
  table[fd].kind = kind;
  table[fd].dsync = (flags & (O_DSYNC | O_SYNC)) != 0;
  table[fd].device = now.st_dev;
  table[fd].inode = now.st_ino;
  return fd;
}

static int open_file(int folder, const char *given, int flags, mode_t mode) {
  __typeof__(&openat) open_really = REAL(openat);
  char room[PATH_MAX];
  const char *path = at(folder, given, room);
  if (boot && path && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
    return remember(open_really(AT_FDCWD, boot, O_RDONLY), BOOT, 0);
  if (notes && path && strcmp(path, notes) == 0) return remember(open_really(AT_FDCWD, "/dev/null", O_WRONLY), NOTES, 0);
  if (!below(path)) return open_really(folder, given, flags, mode);
  pthread_mutex_lock(&turn);
  struct stat before;
  int existed = stat(path, &before) == 0;
  int fd = open_really(folder, given, flags, mode);
  int failed = errno;
  if (fd >= 0) {
    remember(fd, WATCHED, flags);
    int dsync = table[fd].dsync ? DSYNC : 0;
    record_text(OPEN, (existed ? 0 : CREATED) | dsync | (flags & O_TRUNC ? TRUNCATED : 0), fd, path, NULL);
  }
  pthread_mutex_unlock(&turn);
  errno = failed;
  return fd;
}

static mode_t mode_of(int flags, va_list *list) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(*list, mode_t) : 0; }

#define OPENS(name)                                                                                                    \
  int name(const char *path, int flags, ...) {                                                                         \
    va_list list;                                                                                                      \
    va_start(list, flags);                                                                                             \
    mode_t mode = mode_of(flags, &list);                                                                               \
    va_end(list);                                                                                                      \
    return open_file(AT_FDCWD, path, flags, mode);                                                                     \
  }
OPENS(open)
OPENS(open64)
#define OPENS_AT(name)                                                                                                 \
  int name(int folder, const char *path, int flags, ...) {                                                             \
    va_list list;                                                                                                      \
    va_start(list, flags);                                                                                             \
    mode_t mode = mode_of(flags, &list);                                                                               \
    va_end(list);                                                                                                      \
    return open_file(folder, path, flags, mode);                                                                       \
  }
OPENS_AT(openat)
OPENS_AT(openat64)
int creat(const char *path, mode_t mode) { return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  __typeof__(&close) close_really = REAL(close);
  if (!is(fd, WATCHED)) {
    if (fd >= 0 && fd < MOST_DESCRIPTORS) table[fd].kind = NONE;
    return close_really(fd);
  }
  pthread_mutex_lock(&turn);
  record(CLOSE, 0, fd, 0, 0, NULL, 0);
  table[fd].kind = NONE;
  int result = close_really(fd);
  pthread_mutex_unlock(&turn);
  return result;
}

/* Recorded before it is done, and both while nobody else has the turn: a kill falls between two steps. */
static ssize_t put(int fd, const struct iovec *parts, int count, off_t offset, ssize_t (*act)(void *), void *argument) {
  if (is(fd, NOTES)) {
    pthread_mutex_lock(&turn);
    if (parts[0].iov_len == 3 && memcmp(parts[0].iov_base, "die", 3) == 0) kill(getpid(), SIGKILL);
    record(NOTE, 0, 0, 0, 0, parts, count);
    pthread_mutex_unlock(&turn);
    return act(argument);
  }
  if (trace < 0 || !is(fd, WATCHED)) return act(argument);
  pthread_mutex_lock(&turn);
  size_t wanted = 0;
  for (int i = 0; i < count; i++) wanted += parts[i].iov_len;
  if (offset < 0) {
    struct stat now;
    if (fcntl(fd, F_GETFL) & O_APPEND) offset = fstat(fd, &now) == 0 ? now.st_size : 0;
    else offset = lseek(fd, 0, SEEK_CUR);
  }
  record(WRITE, table[fd].dsync ? DSYNC : 0, fd, offset, 0, parts, count);
  ssize_t result = act(argument);
  int failed = errno;
  if (result != (ssize_t)wanted) record_text(UNKNOWN, 0, fd, "a write was cut short", NULL);
  if (die_after > 0 && ++writes == die_after) kill(getpid(), SIGKILL);
  pthread_mutex_unlock(&turn);
  errno = failed;
  return result;
}

struct call { int fd, count; const void *data; size_t length; off_t offset; };
static ssize_t do_write(void *p) { struct call *c = p; return REAL(write)(c->fd, c->data, c->length); }
static ssize_t do_pwrite(void *p) { struct call *c = p; return REAL(pwrite)(c->fd, c->data, c->length, c->offset); }
static ssize_t do_writev(void *p) { struct call *c = p; return REAL(writev)(c->fd, c->data, c->count); }
static ssize_t do_pwritev(void *p) { struct call *c = p; return REAL(pwritev)(c->fd, c->data, c->count, c->offset); }

ssize_t write(int fd, const void *data, size_t length) {
  struct call call = {.fd = fd, .data = data, .length = length};
  struct iovec part = {(void *)data, length};
  return put(fd, &part, 1, -1, do_write, &call);
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  struct call call = {.fd = fd, .data = data, .length = length, .offset = offset};
  struct iovec part = {(void *)data, length};
  return put(fd, &part, 1, offset, do_pwrite, &call);
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return pwrite(fd, data, length, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
  struct call call = {.fd = fd, .data = parts, .count = count};
  return put(fd, parts, count, -1, do_writev, &call);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  struct call call = {.fd = fd, .data = parts, .count = count, .offset = offset};
  return put(fd, parts, count, offset, do_pwritev, &call);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return pwritev(fd, parts, count, offset);
}

static int sized(int fd, off_t size, int (*act)(int, off_t)) {
  if (!is(fd, WATCHED)) return act(fd, size);
  pthread_mutex_lock(&turn);
  record(TRUNCATE, 0, fd, size, 0, NULL, 0);
  int result = act(fd, size);
  pthread_mutex_unlock(&turn);
  return result;
}
int ftruncate(int fd, off_t size) { return sized(fd, size, REAL(ftruncate)); }
int ftruncate64(int fd, off64_t size) { return sized(fd, size, REAL(ftruncate)); }

static int synced(int fd, int (*act)(int)) {
  if (!is(fd, WATCHED)) return trace < 0 && root ? 0 : act(fd);
  if (trace < 0) return 0;
  pthread_mutex_lock(&turn);
  uint64_t number = ++syncs;
  record(SYNC_BEGIN, 0, fd, number, 0, NULL, 0);
  useconds_t wait = delay > 0 ? rand_r(&dice) % delay : 0;
  pthread_mutex_unlock(&turn);
  if (wait > 0) usleep(wait);
  pthread_mutex_lock(&turn);
  record(SYNC_END, 0, fd, number, 0, NULL, 0);
  pthread_mutex_unlock(&turn);
  return 0;
}
int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

/* Calls that change names. */
#define NAMES(kind, first, second, call)                                                                               \
  if (!below(first) && !below(second)) return call;                                                                    \
  pthread_mutex_lock(&turn);                                                                                           \
  int result = call, failed = errno;                                                                                   \
  if (result == 0) record_text(kind, 0, 0, first, second);                                                             \
  pthread_mutex_unlock(&turn);                                                                                         \
  errno = failed;                                                                                                      \
  return result;

int rename(const char *from, const char *to) { NAMES(RENAME, from, to, REAL(rename)(from, to)) }
int link(const char *from, const char *to) { NAMES(LINK, from, to, REAL(link)(from, to)) }
int unlink(const char *path) { NAMES(UNLINK, path, NULL, REAL(unlink)(path)) }
int remove(const char *path) { NAMES(UNLINK, path, NULL, REAL(remove)(path)) }
int rmdir(const char *path) { NAMES(UNLINK, path, NULL, REAL(rmdir)(path)) }
int mkdir(const char *path, mode_t mode) { NAMES(MKDIR, path, NULL, REAL(mkdir)(path, mode)) }
int unlinkat(int folder, const char *given, int flags) {
  char room[PATH_MAX];
  const char *path = at(folder, given, room);
  NAMES(UNLINK, path, NULL, REAL(unlinkat)(folder, given, flags))
}

/* What the trace cannot follow is named in it: the run is worth nothing then. */
static void unknown(int fd, const char *what) {
  if (!is(fd, WATCHED)) return;
  pthread_mutex_lock(&turn);
  record_text(UNKNOWN, 0, fd, what, NULL);
  pthread_mutex_unlock(&turn);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  unknown(fd, "fallocate");
  return REAL(fallocate)(fd, mode, offset, length);
}
int truncate(const char *path, off_t size) {
  int fd = below(path) ? open(path, O_WRONLY) : -1;
  if (fd < 0) return REAL(truncate)(path, size);
  int result = ftruncate(fd, size);
  close(fd);
  return result;
}

static int is_lock(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  return length > 5 && strncmp(path + length - 5, "-lock", 5) == 0;
}
/* LMDB writes its lock file through a map, which no image has; a data file that is written so would pass us by. */
static void *map(void *where, size_t length, int protection, int flags, int fd, off_t offset) {
  if ((protection & PROT_WRITE) && (flags & MAP_SHARED) && fd >= 0 && !is_lock(fd)) unknown(fd, "a writable map");
  return REAL(mmap)(where, length, protection, flags, fd, offset);
}
void *mmap(void *where, size_t length, int protection, int flags, int fd, off_t offset) {
  return map(where, length, protection, flags, fd, offset);
}
void *mmap64(void *where, size_t length, int protection, int flags, int fd, off64_t offset) {
  return map(where, length, protection, flags, fd, offset);
}

/* LMDB believes a boot id only from a file of procfs. */
#define PROCFS 0x9fa0
int fstatfs(int fd, struct statfs *about) {
  int result = REAL(fstatfs)(fd, about);
  if (is(fd, BOOT)) about->f_type = PROCFS;
  return result;
}
int fstatfs64(int fd, struct statfs64 *about) {
  int result = REAL(fstatfs64)(fd, about);
  if (is(fd, BOOT)) about->f_type = PROCFS;
  return result;
}
