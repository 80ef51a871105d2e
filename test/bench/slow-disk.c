/*
 * Preloaded into a database: its log is synced as by a disk that takes SLOW_DISK_US microseconds, one sync after the
 * other. Nothing is written to the disk meanwhile, so that this machine's own makes no difference.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static long micros(void) {
  static long told = -1;
  if (told < 0) {
    const char *text = getenv("SLOW_DISK_US");
    told = text == NULL ? 0 : atol(text);
  }
  return told;
}

int fdatasync(int file) {
  (void)file;
  struct timespec left = {micros() / 1000000, micros() % 1000000 * 1000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR)
    ;
  return 0;
}
